import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EndCampaign, FreezeAudience, LaunchCampaign, PlanCampaign } from '#crm/campaign/campaign-types';
import type { EventStore } from '#eventing/event-store';
import {
  newFolder,
  openProcessStores,
  outside,
  type ProcessStores,
  removeFolder,
} from '#test/support/process-stores';
import { campaignFactsReader } from './campaign-facts.js';
import { commandSender } from './send.js';

const campaignId = 'spring-2024';

describe('the facts of a campaign', () => {
  let folder: string;
  let stores: ProcessStores;
  beforeEach(async () => {
    folder = newFolder();
    stores = await openProcessStores(folder);
  });
  afterEach(async () => {
    await stores.close();
    removeFolder(folder);
  });

  it('are there as soon as they are so', async () => {
    const send = commandSender(stores.store, stores.upcasters);
    const factsOf = campaignFactsReader(stores.store, stores.upcasters);
    expect(await factsOf(campaignId)).toBeUndefined();
    const plan = { campaignId, name: 'Spring', goal: 'sell', phase: 'retention', channel: 'email' } as const;
    await send(outside<PlanCampaign>('PlanCampaign', { ...plan, imported: true, salt: 'salt' }));
    expect(await factsOf(campaignId)).toMatchObject({ launched: false, audienceFrozen: false, ended: false });
    await send(outside<LaunchCampaign>('LaunchCampaign', { campaignId }));
    expect(await factsOf(campaignId)).toMatchObject({ launched: true, audienceFrozen: false, salt: 'salt' });
    const nobody = { count: 0, checksum: '0'.repeat(16) };
    await send(outside<FreezeAudience>('FreezeAudience', { campaignId, ...nobody }));
    await Promise.all([factsOf(campaignId), factsOf(campaignId)]);
    expect(await factsOf(campaignId)).toMatchObject({ audienceFrozen: true, ended: false });
    await send(outside<EndCampaign>('EndCampaign', { campaignId }));
    expect(await factsOf(campaignId)).toMatchObject({ audienceFrozen: true, ended: true });
  });

  it('are read once, and then only what is new', async () => {
    const send = commandSender(stores.store, stores.upcasters);
    const from: (number | undefined)[] = [];
    const counting: Pick<EventStore, 'readStream'> = {
      readStream: (stream, options) => {
        from.push(options?.from);
        return stores.store.readStream(stream, options);
      },
    };
    const factsOf = campaignFactsReader(counting, stores.upcasters);
    const plan = { campaignId, name: 'Spring', goal: 'sell', phase: 'retention', channel: 'email' } as const;
    await send(outside<PlanCampaign>('PlanCampaign', { ...plan, imported: true }));
    await factsOf(campaignId);
    await factsOf(campaignId);
    await send(outside<LaunchCampaign>('LaunchCampaign', { campaignId }));
    const nobody = { count: 0, checksum: '0'.repeat(16) };
    await send(outside<FreezeAudience>('FreezeAudience', { campaignId, ...nobody }));
    await send(outside<EndCampaign>('EndCampaign', { campaignId }));
    await factsOf(campaignId);
    await factsOf(campaignId);
    expect(from).toEqual([0, 1, 1]);
  });
});
