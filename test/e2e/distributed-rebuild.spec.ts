import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import type { RecordedEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import { Upcasters } from '#eventing/upcaster';
import { packageRoot } from '#platform/package-root';
import { DEADLINE_MS, RebuildSet } from '#test/fault/rebuild-set';
import {
  ONE_EACH,
  PAYMENT_UPCASTERS,
  PAYMENTS_AFTER,
  PAYMENTS_BEFORE,
  TOTALS,
  type Totals,
  TWO_EACH,
  wholeAndNeverLess,
} from '#test/fault/rebuild-sources';
import { until } from '#test/support/process-stores';
import { runTs } from '#test/support/run-ts';
import { sale } from '#test/support/sales';
import { describeWithKafka } from '#test/support/servers/kafka';
import { versions } from '#warehouse/projection-ledger';
import { readSources } from '#warehouse/projection-status';
import {
  rebuildProjection,
  removeOldVersions,
  rollbackProjection,
  startProjections,
} from '#warehouse/projections';

describeWithKafka('projections of the running distributed set', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let set: RebuildSet;

  beforeAll(async () => {
    set = await RebuildSet.start();
    await startProjections(set.warehouse, ONE_EACH, { projector: await set.holds() });
    await set.sell(500);
    await set.startProjectors(2);
    await set.untilLanded();
  }, 240_000);

  afterAll(async () => {
    await set?.stop();
    rmSync(dir, { recursive: true });
  }, 60_000);

  const totals = async () => (await set.warehouse.rows<Totals>(TOTALS))[0]!;

  /** Under load something has to land in between, or nothing was shown. */
  const someLand = async () => {
    const { n } = await totals();
    await until('sales go on to land', async () => (await totals()).n > n + 100, DEADLINE_MS);
  };

  it('are rebuilt, rolled back and pruned under load, and whoever reads them sees no gap', async () => {
    const reader = set.watch<Totals>(TOTALS, wholeAndNeverLess());
    const folded = set.watch<{ events: number }>(
      'SELECT events FROM crm.sold_to',
      ({ events }, landed) => events >= landed,
    );
    const projector = await set.holds();
    set.load();
    await someLand();
    const second = await rebuildProjection(set.warehouse, TWO_EACH, 'sales', projector);
    expect(second).toMatchObject({ version: 2, parity: { equal: true }, removed: [] });
    await someLand();
    expect(await rollbackProjection(set.warehouse, 'sales', projector)).toEqual({ from: 2, to: 1 });
    await someLand();
    expect(await rollbackProjection(set.warehouse, 'sales', projector)).toEqual({ from: 1, to: 2 });
    const other = await rebuildProjection(set.warehouse, TWO_EACH, 'sold_to', projector);
    expect(other).toMatchObject({ version: 2, parity: { equal: true } });
    const third = await rebuildProjection(set.warehouse, ONE_EACH, 'sales', projector);
    expect(third).toMatchObject({ version: 3, parity: { equal: true }, removed: [1] });
    await someLand();
    await set.stopLoad();
    await set.untilLanded();
    expect(await set.wrongVersions('sales', ONE_EACH, TWO_EACH)).toEqual([]);
    expect(await removeOldVersions(set.warehouse, 'sales', projector)).toEqual([2]);
    await reader.stop();
    await folded.stop();
    expect(reader.findings).toEqual([]);
    expect(folded.findings).toEqual([]);
    expect(reader.reads).toBeGreaterThan(100);
    expect(reader.landed).toBeGreaterThan(500);
    expect(await totals()).toEqual({ n: set.written, total: set.written });
    expect(await set.warehouse.rows('SELECT events FROM crm.sold_to')).toEqual([{ events: set.written }]);
    expect((await versions(set.warehouse)).map(({ name, state }) => `${name} ${state}`)).toEqual([
      'sales removed',
      'sales removed',
      'sales live',
      'sold_to standby',
      'sold_to live',
    ]);
    process.stdout.write(`landing stood still for ${projector.pausesMs.join(', ')} ms\n`);
  }, 240_000);

  it('read events of an old and a new form under load, once an upcaster and its twin are there', async () => {
    const file = runTs('test/support/eventstoredb-double/main.ts', [join(dir, 'events.db')]);
    const address = await file.waitForLine(/^ready /, { timeoutMs: DEADLINE_MS });
    const store = new EventStoreDb(address.slice('ready '.length));
    let relayed = -1;
    const pay = async (from: number, count: number, schemaVersion: number) => {
      for (let i = from; i < from + count; i++) {
        const { metadata } = sale(i);
        const id = `p-${i}`;
        const data =
          schemaVersion === 1
            ? { id, amount: `${i}.50` }
            : { id, total: { amount: `${i}.50`, currency: 'CHF' } };
        const event = { id: eventId(id, id, 0), type: 'Paid', schemaVersion, data, metadata };
        await store.append(`payment-${i}`, [event], { expectedRevision: 'no-stream' });
      }
      const events: RecordedEvent[] = [];
      for await (const event of store.readAll({ after: relayed })) events.push(event);
      relayed = events.at(-1)!.position;
      await set.writeNext(events);
      await set.untilLanded();
    };
    const paid = () =>
      set.warehouse.rows<Payment>('SELECT id, amount, currency FROM crm.payments ORDER BY id');
    try {
      await startProjections(set.warehouse, PAYMENTS_BEFORE, { projector: await set.holds() });
      await pay(10, 20, 1);
      const before = await paid();
      expect(before).toHaveLength(20);

      expect(
        (await startProjections(set.warehouse, PAYMENTS_AFTER, { projector: await set.holds() })).find(
          ({ name }) => name === 'payments',
        ),
      ).toMatchObject({ state: 'changed', version: 1 });
      expect(await paid()).toEqual(before);
      set.load();
      await pay(30, 10, 2);
      const rebuilt = await rebuildProjection(set.warehouse, PAYMENTS_AFTER, 'payments', await set.holds());
      expect(rebuilt).toMatchObject({ version: 2, parity: { rows: 30, equal: true } });
      // A writer of the version before may still be at work.
      await pay(40, 5, 1);
      await pay(45, 5, 2);
      await set.stopLoad();
      const after = await paid();
      expect(after.slice(0, 20)).toEqual(before);
      expect(after).toHaveLength(40);

      const upcasters = new Upcasters(PAYMENT_UPCASTERS);
      for (const row of after)
        for await (const event of store.readStream(row.id.replace('p-', 'payment-'))) {
          const { id, total } = upcasters.upcast(event).data as { id: string; total: object };
          expect({ ...row, amount: Number(row.amount).toFixed(2) }).toEqual({ id, ...total });
        }
    } finally {
      await store.close();
      await file.kill();
    }
  }, 240_000);

  it('come with a new version of the files while projectors run, and miss nothing', async () => {
    let orders = 0;
    set.load(async () => {
      const event = sale(set.written);
      const data = {
        orderId: `o-${orders}`,
        customerId: event.metadata.customerId,
        total: { amount: '2.00', currency: 'EUR' },
      };
      orders += 1;
      const { written } = set;
      await set.writeNext([
        {
          ...event,
          type: 'PurchaseRecorded',
          data,
          stream: `purchase-${written}`,
          revision: 0,
          recordedAt: '2024-05-01T10:00:00.000Z',
        },
      ]);
    });
    await until('some purchases are there', () => orders > 20, DEADLINE_MS);
    const job = runTs('apps/projector/migrate.ts', [], { env: set.environment });
    expect({ ...(await job.exited), stderr: job.stderr }).toMatchObject({ code: 0 });
    await set.stopLoad();
    await set.untilLanded();
    expect(await set.warehouse.rows('SELECT count() AS n FROM crm.purchases')).toEqual([{ n: orders }]);
    const files = readSources(join(packageRoot(), 'infra', 'clickhouse'));
    expect(await set.wrongVersions('purchases', files)).toEqual([]);
    expect(set.projectors.map(({ child }) => child.exitCode ?? child.signalCode)).toEqual([null, null]);
  }, 300_000);
});

interface Payment {
  readonly id: string;
  readonly amount: string;
  readonly currency: string;
}
