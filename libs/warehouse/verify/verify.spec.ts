import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream, inProcessPlaces as places } from '#event-stream/in-process/in-process-stream';
import { createLogger } from '#platform/logging';
import { liveVersion } from '#test/support/live-version';
import { appendSales, sale } from '#test/support/sales';
import { Landing } from '../landing/landing.js';
import { replayDeadLetters } from '../landing/replay.js';
import { migrate } from '../migrations.js';
import { record } from '../projection-ledger.js';
import { openWarehouse, type Warehouse } from '../warehouse.js';
import { compareEvents } from './compare-events.js';
import { PLACE_CHECKSUM, placeChecksum } from './event-checksum.js';
import { refill } from './refill.js';
import { verify } from './verify.js';

const SCHEMA = join(import.meta.dirname, '../../../infra/clickhouse/schema');
const log = createLogger('silent');

describe('event store against warehouse', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  let store: SqliteEventStore;
  let landing: Landing;
  let files = 0;

  beforeAll(async () => {
    warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
  });
  beforeEach(async () => {
    await warehouse.command('DROP DATABASE IF EXISTS crm SYNC');
    await migrate(warehouse, SCHEMA);
    await warehouse.command(
      `CREATE TABLE crm.seen_rows (position UInt64) ENGINE = MergeTree ORDER BY position SETTINGS non_replicated_deduplication_window = 100000`,
    );
    await warehouse.command(
      'CREATE MATERIALIZED VIEW crm.seen TO crm.seen_rows AS SELECT position FROM crm.events',
    );
    store = new SqliteEventStore(join(dir, `events-${files++}.db`));
    landing = new Landing({ stream: new InProcessStream(store), warehouse, log, writer: 'test' });
  });
  afterEach(async () => {
    await landing.stop();
    await store.close();
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const land = async (from: number, count: number) => {
    const position = await appendSales(store, from, count);
    expect(await landing.waitFor(position, 10_000)).toBe(true);
    return position;
  };
  const verified = (upTo: number) => verify(store, warehouse, { places, upTo });
  const refilled = async (span: { from?: number; to?: number } = {}) =>
    (
      await refill(store, warehouse, {
        places,
        projector: landing,
        log,
        from: 0,
        landedPosition: () => landing.landed().position,
        ...span,
      })
    ).refilled;
  const seen = async () =>
    (await warehouse.rows<{ n: number }>('SELECT count() AS n FROM crm.seen_rows'))[0]?.n;

  it('agrees on all that landed, down to the last character', async () => {
    await store.append('sale-ü "1"', [sale(9000, 'a "note"\n\\ 🌷'), { ...sale(9001), data: [1, 'x'] }], {
      expectedRevision: 'no-stream',
    });
    const upTo = await land(0, 1000);
    const found = await verified(upTo);
    expect(found).toMatchObject({ agrees: true, events: 1002, landed: 1002, differences: [] });
    expect(found.days.reduce((sum, { landed }) => sum + landed, 0)).toBe(1002);
    expect(found.days.every(({ agrees, partition }) => agrees && partition === 0)).toBe(true);
  });

  it('agrees on nothing', async () => {
    expect(await verified(-1)).toMatchObject({ agrees: true, events: 0, landed: 0 });
  });

  it('names each difference', async () => {
    const upTo = await land(0, 100);
    await warehouse.command(
      'DELETE FROM crm.events WHERE position BETWEEN 10 AND 14 OR position IN (16, 90)',
    );
    await warehouse.command(
      `INSERT INTO crm.events SELECT * REPLACE (offset + 1000 AS offset) FROM crm.events WHERE position = 20`,
    );
    await warehouse.command(
      `INSERT INTO crm.events SELECT * REPLACE (position + 5 AS position) FROM (SELECT * FROM crm.events WHERE position = ${upTo})`,
    );
    await warehouse.command(
      "ALTER TABLE crm.events UPDATE data = '{}' WHERE position = 30 SETTINGS mutations_sync = 1",
    );
    await warehouse.command(
      `INSERT INTO crm.dead_letters (partition, offset, reason, line) VALUES (0, 90, 'why', '{"position":90}')`,
    );
    const found = await verified(upTo + 10);
    expect(found).toMatchObject({ agrees: false, events: 100, landed: 95, differing: 10 });
    expect(found.days.map(({ agrees }) => agrees)).toContain(false);
    expect(found.differences).toEqual([
      { in: 'warehouse', kind: 'missing', partition: 0, first: 10, last: 14, events: 5 },
      { in: 'warehouse', kind: 'missing', partition: 0, first: 16, last: 16, events: 1 },
      { in: 'warehouse', kind: 'doubled', partition: 0, first: 20, last: 20, events: 1 },
      { in: 'warehouse', kind: 'altered', partition: 0, first: 30, last: 30, events: 1 },
      { in: 'warehouse', kind: 'dead letter', partition: 0, first: 90, last: 90, events: 1 },
      { in: 'warehouse', kind: 'extra', partition: 0, first: upTo + 5, last: upTo + 5, events: 1 },
    ]);
  });

  const exchange = async (a: number, b: number) => {
    await warehouse.command(
      `INSERT INTO crm.events SELECT * REPLACE (toUInt64(${a + b} - position) AS offset) FROM crm.events WHERE position IN (${a}, ${b})`,
    );
    await warehouse.command(`DELETE FROM crm.events WHERE position IN (${a}, ${b}) AND offset = position`);
  };

  it('names events that have exchanged their places', async () => {
    const upTo = await land(0, 100);
    await exchange(5, 6);
    const found = await verified(upTo);
    expect(found.agrees).toBe(false);
    expect(found.differences).toEqual([
      { in: 'warehouse', kind: 'misplaced', partition: 0, first: 5, last: 6, events: 2 },
    ]);
  });

  it('knows an exchange from the order alone, also where one portion ends and the next begins', async () => {
    const upTo = await land(0, 10);
    await exchange(5, 6);
    const events = [];
    for await (const event of store.readAll()) events.push(event);
    const highest = new Map<number, number>();
    const misplaced = [];
    for (const span of [
      { after: -1, through: 5 },
      { after: 5, through: upTo },
    ]) {
      const portion = events.filter(({ position }) => position > span.after && position <= span.through);
      misplaced.push(...(await compareEvents(warehouse, places, () => undefined, span, portion, highest)));
    }
    expect(misplaced.filter(({ kind }) => kind !== undefined)).toEqual([
      { position: 6, partition: 0, kind: 'misplaced' },
    ]);
  });

  it('sums up places as the engine does', async () => {
    const [row] = await warehouse.rows(
      `SELECT toString(${PLACE_CHECKSUM}) AS place FROM (SELECT toUInt64(4398046511104) AS position,
         toUInt16(3) AS partition, toUInt64(70) AS offset)`,
    );
    expect(row).toEqual({ place: placeChecksum(4398046511104, 3, 70).toString() });
  });

  it('finds in chunks what lies at their borders', async () => {
    const upTo = await land(0, 20_500);
    await warehouse.command(
      'DELETE FROM crm.events WHERE position BETWEEN 9990 AND 10010 OR position IN (20000, 20002)',
    );
    expect((await verified(upTo)).differences).toEqual([
      { in: 'warehouse', kind: 'missing', partition: 0, first: 9990, last: 10010, events: 21 },
      { in: 'warehouse', kind: 'missing', partition: 0, first: 20000, last: 20000, events: 1 },
      { in: 'warehouse', kind: 'missing', partition: 0, first: 20002, last: 20002, events: 1 },
    ]);
  });

  const stateOf = async (name: string) =>
    (
      await warehouse.rows<{ state: string }>(
        'SELECT state FROM crm.projection_status WHERE name = {name:String}',
        { name },
      )
    )[0]?.state;

  it('refills what is missing, once, however often it is asked to, and says that projections need a rebuild', async () => {
    await record(warehouse, liveVersion('sales'));
    const upTo = await land(0, 100);
    await warehouse.command(
      'DELETE FROM crm.events WHERE position BETWEEN 10 AND 14 OR position IN (16, 90)',
    );
    expect(await refilled({ to: 12 })).toBe(3);
    expect(await refilled()).toBe(4);
    expect((await verified(upTo)).agrees).toBe(true);
    expect(await refilled()).toBe(0);
    expect(await stateOf('sales')).toBe('needs rebuild');
    // The same can be lost again.
    await warehouse.command('DELETE FROM crm.events WHERE position BETWEEN 10 AND 14');
    expect(await refilled()).toBe(5);
    expect((await verified(upTo)).agrees).toBe(true);
    expect(await seen()).toBe(112);
  });

  it('finishes a refill that was interrupted, whether it had landed or not', async () => {
    const upTo = await land(0, 100);
    await warehouse.command('DELETE FROM crm.events WHERE position BETWEEN 10 AND 14');
    await warehouse.command(
      "INSERT INTO crm.repairs (id, kind, partition, offsets, state) VALUES ('refill-0-10-14-0', 'refill', 0, [10, 11, 12, 13, 14], 'claimed')",
    );
    expect(await refilled({ from: upTo })).toBe(5);
    await warehouse.command("DELETE FROM crm.repairs WHERE state = 'landed'");
    expect(await refilled({ from: upTo })).toBe(5);
    expect((await verified(upTo)).agrees).toBe(true);
    expect(await seen()).toBe(105);
  });

  it('leaves what is still to be landed to those who land', async () => {
    await land(0, 10);
    await landing.pause();
    const position = await appendSales(store, 10, 5);
    expect(await refilled()).toBe(0);
    landing.resume();
    expect(await landing.waitFor(position, 10_000)).toBe(true);
    expect((await verified(position)).agrees).toBe(true);
  });

  it('refills once what two find missing at the same time', async () => {
    const upTo = await land(0, 100);
    await warehouse.command('DELETE FROM crm.events WHERE position BETWEEN 10 AND 14');
    const done = await Promise.all([refilled(), refilled(), refilled()]);
    expect(done.sort()).toEqual([0, 0, 5]);
    expect((await verified(upTo)).agrees).toBe(true);
  });

  it('replays the dead letters that can be landed by now, once', async () => {
    await record(warehouse, liveVersion('sales'));
    // Beyond the warehouse's calendar: nothing that a command could say.
    const strange = { ...sale(1), metadata: { ...sale(1).metadata, businessDate: '2999-01-01' } };
    await store.append('sale-strange', [strange], { expectedRevision: 'no-stream' });
    const upTo = await land(100, 10);
    expect(await replayDeadLetters(warehouse, landing, log)).toEqual({ replayed: 0, remaining: 1 });
    expect(await stateOf('sales')).toBe('live');
    await warehouse.command(
      `INSERT INTO crm.dead_letters (partition, offset, reason, line) SELECT partition, offset, 'corrected', replace(line, '2999', '2199') FROM crm.dead_letters`,
    );
    expect(await replayDeadLetters(warehouse, landing, log)).toEqual({ replayed: 1, remaining: 0 });
    expect(await replayDeadLetters(warehouse, landing, log)).toEqual({ replayed: 0, remaining: 0 });
    await warehouse.command("DELETE FROM crm.repairs WHERE state = 'landed'");
    expect(await replayDeadLetters(warehouse, landing, log)).toEqual({ replayed: 1, remaining: 0 });
    expect(await stateOf('sales')).toBe('needs rebuild');
    expect(await seen()).toBe(11);
    expect(await verified(upTo)).toMatchObject({
      events: 11,
      landed: 11,
      differences: [{ kind: 'altered' }],
    });
  });
});
