import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import type { NewEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import { specMetadata } from '#test/support/decider-specification';
import { newFolder, openStoresWithWarehouse, removeFolder } from '#test/support/process-stores';
import { Audiences } from './audience.js';

describe('the audience of a campaign', () => {
  const folder = newFolder();
  let stores: Awaited<ReturnType<typeof openStoresWithWarehouse>>;
  let audiences: Audiences;
  let number = 0;
  beforeAll(async () => {
    stores = await openStoresWithWarehouse(folder);
    audiences = new Audiences(stores.warehouse);
  });
  afterAll(async () => {
    await stores.close();
    removeFolder(folder);
  });

  /** Straight into the store: what the domain allows is not the matter here. */
  const happened = async (type: string, customerId: string | null, data: object): Promise<number> => {
    number += 1;
    const stream = `spec-${number}`;
    const event: NewEvent = {
      id: eventId(stream, 'spec', number),
      type,
      schemaVersion: 1,
      data,
      metadata: { ...specMetadata, customerId },
    };
    const { position } = await stores.store.append(stream, [event], { expectedRevision: 'no-stream' });
    await stores.landed(position, 10_000);
    return position;
  };
  async function* listed(...ids: readonly string[]) {
    yield ids;
  }
  const question = { campaignId: 'spring', channel: 'email', winBack: false };
  const take = async (ids: readonly string[], more: Partial<typeof question & { knownAt: number }> = {}) => {
    const knownAt = Math.max(0, await stores.store.head());
    const snapshot = await audiences.take({ ...question, named: listed(...ids), knownAt, ...more });
    const rows = await stores.warehouse.rows<{ customer_id: string; left_out: string }>(
      'SELECT customer_id, left_out FROM crm.campaign_audience WHERE attempt = {attempt:UUID} ORDER BY customer_id',
      { attempt: snapshot.attempt },
    );
    return { snapshot, who: Object.fromEntries(rows.map((row) => [row.customer_id, row.left_out])) };
  };
  const unsubscribed = (customerId: string, scope: string, campaignId: string, channel?: string) =>
    happened('TouchUnsubscribed', customerId, { customerId, campaignId, touchId: 't', scope, channel });
  const merged = (customerId: string, into: string) =>
    happened('CustomerMerged', customerId, { customerId, into, reason: 'duplicate' });
  const closed = (customerId: string, initiator: string) =>
    happened('CustomerClosed', customerId, { customerId, initiator });

  it('is everybody who is named, once, known or not', async () => {
    const { snapshot, who } = await take(['b', 'a', 'b']);
    expect(who).toEqual({ a: '', b: '' });
    expect(snapshot).toMatchObject(AudienceChecksum.of(['a', 'b']));
  });

  it('has survivors in the place of who was merged, along the whole chain', async () => {
    await merged('m1', 'm2');
    await merged('m2', 'm3');
    await merged('u1', 'u2');
    await happened('CustomerMergeUndone', 'u1', { customerId: 'u1', into: 'u2' });
    // Of one customer; the fold goes by revision, which the streams of this specification do not have.
    const { who } = await take(['m1', 'm3', 'm2']);
    expect(who).toEqual({ m3: '' });
  });

  it('has nobody who was erased or has died', async () => {
    await happened('CustomerErased', 'gone', { customerId: 'gone', merged: [] });
    await closed('dead', 'death');
    await closed('dead-twin', 'death');
    await merged('dead-twin', 'twin');
    const ids = ['gone', 'dead', 'twin', 'alive'];
    const without = { gone: 'erased', dead: 'deceased', twin: 'deceased', alive: '' };
    expect((await take(ids)).who).toEqual(without);
    expect((await take(ids, { winBack: true })).who).toEqual(without);
  });

  it('has who ended the relationship only in win-back campaigns', async () => {
    await closed('left', 'customer');
    await closed('expelled', 'company');
    await closed('duplicate', 'company');
    await merged('duplicate', 'original');
    const ids = ['left', 'expelled', 'duplicate'];
    expect((await take(ids)).who).toEqual({ left: 'closed', expelled: 'closed', original: '' });
    expect((await take(ids, { winBack: true })).who).toEqual({ left: '', expelled: '', original: '' });
  });

  it('has nobody who unsubscribed from all advertising or from its channel', async () => {
    await happened('CampaignPlanned', null, { campaignId: 'by-email', channel: 'email' });
    await unsubscribed('from-all', 'all', 'by-post');
    await unsubscribed('from-email', 'channel', 'by-post', 'email');
    await unsubscribed('from-that-channel', 'channel', 'by-email');
    await unsubscribed('from-post', 'channel', 'by-email', 'post');
    await unsubscribed('from-one', 'campaign', 'by-email', 'email');
    await unsubscribed('as-another', 'all', 'by-email');
    await merged('as-another', 'now');
    const ids = ['from-all', 'from-email', 'from-that-channel', 'from-post', 'from-one', 'now'];
    expect((await take(ids)).who).toEqual({
      'from-all': 'unsubscribed',
      'from-email': 'unsubscribed',
      'from-that-channel': 'unsubscribed',
      'from-post': '',
      'from-one': '',
      now: 'unsubscribed',
    });
  });

  it('is as it was known at the launch', async () => {
    const before = await stores.store.head();
    await unsubscribed('later', 'all', 'by-email');
    expect((await take(['later'], { knownAt: before })).who).toEqual({ later: '' });
    expect((await take(['later'])).who).toEqual({ later: 'unsubscribed' });
  });

  it('is found again by its count and checksum, and read in pages', async () => {
    const ids = Array.from({ length: 25_000 }, (_, i) => `Kundin-Ä-${i}`);
    const { snapshot } = await take(ids, { campaignId: 'large' });
    expect(snapshot).toMatchObject(AudienceChecksum.of(ids));
    await take(ids.slice(1), { campaignId: 'large' });
    expect(await audiences.find('large', AudienceChecksum.of(ids))).toEqual(snapshot);
    expect(await audiences.find('large', AudienceChecksum.of(['x']))).toBeUndefined();
    const read: string[] = [];
    for await (const page of audiences.members('large', snapshot.attempt)) read.push(...page);
    expect([...read].sort()).toEqual([...ids].sort());
  });

  it('may be nobody', async () => {
    const { snapshot } = await take([], { campaignId: 'nobody' });
    expect(snapshot).toMatchObject(AudienceChecksum.of([]));
    await happened('CustomerErased', 'gone-too', { customerId: 'gone-too', merged: [] });
    expect((await take(['gone-too'])).snapshot).toMatchObject(AudienceChecksum.of([]));
  });

  it('forgets the attempts that came to nothing', async () => {
    const first = await take(['a', 'b'], { campaignId: 'twice' });
    const second = await take(['a', 'b', 'c'], { campaignId: 'twice' });
    await audiences.keepOnly('twice', second.snapshot);
    await audiences.keepOnly('twice', AudienceChecksum.of(['never', 'frozen']));
    expect(await audiences.find('twice', first.snapshot)).toBeUndefined();
    expect(await audiences.find('twice', second.snapshot)).toEqual(second.snapshot);
    expect(await audiences.find('large', AudienceChecksum.of(['x']))).toBeUndefined();
  });

  it('leaves no tables behind', async () => {
    const tables = await stores.warehouse.rows(
      "SELECT name FROM system.tables WHERE database = 'crm' AND startsWith(name, 'scratch_')",
    );
    expect(tables).toEqual([]);
  });
});
