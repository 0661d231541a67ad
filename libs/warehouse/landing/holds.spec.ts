import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { eventLine } from '#test/support/event-line';
import { MemoryStream } from '#test/support/memory-stream';
import { parseProjection } from '../projection-file.js';
import type { ProjectionSources } from '../projection-status.js';
import { rebuildProjection, startProjections } from '../projections.js';
import type { Warehouse } from '../warehouse.js';
import { chainOf } from './claim-chain.js';
import { Claims } from './claims.js';
import { releaseHold } from './hold-rows.js';
import { Holds, type HoldsOptions } from './holds.js';
import { Landing } from './landing.js';

const DEADLINE = 60_000;
const PARTITIONS = 3;

const SALES = `-- A row is a sale.
CREATE TABLE sales (
    \`partition\` UInt16 COMMENT 'Partition', \`offset\` UInt64 COMMENT 'Offset', total Nullable(Decimal(18, 4)) COMMENT 'Amount'
) ENGINE = MergeTree ORDER BY \`offset\` COMMENT 'Sales';

SELECT \`partition\`, \`offset\`, toDecimal64OrNull(JSONExtractString(data, 'amount'), 4) AS total FROM events WHERE type = 'Sold';

CREATE VIEW sales COMMENT 'Sales' AS SELECT * FROM sales;
`;

const sources: ProjectionSources = {
  definitions: [parseProjection('sales', SALES)],
  twins: [],
  invalid: new Map(),
};

describe('a hold', () => {
  const running: { stop(): Promise<void> }[] = [];
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });

  afterEach(async () => {
    for (const landing of running.splice(0)) await landing.stop().catch(() => {});
  });

  const start = async (stream: MemoryStream, writer: string) => {
    const connection = await warehouse.connect();
    const limits = { records: 20, bytes: 100_000 };
    const landing = new Landing({
      stream,
      warehouse: connection,
      log: createLogger('silent'),
      writer,
      limits,
    });
    running.push({ stop: () => landing.stop().finally(() => connection.close()) });
    return landing;
  };

  const holds = async (holder: string, options: Partial<HoldsOptions> = {}) => {
    const connection = await warehouse.connect();
    running.push({ stop: () => connection.close() });
    return new Holds({
      warehouse: connection,
      holder,
      partitions: async () => Array.from({ length: PARTITIONS }, (_, partition) => partition),
      log: createLogger('silent'),
      ...options,
    });
  };

  /** Appends without end, so that there is always something to land; `stop` answers how many there are. */
  const load = (stream: MemoryStream) => {
    let events = 0;
    let loading = true;
    const done = (async () => {
      while (loading) {
        for (let i = 0; i < 9; i++, events++) stream.append(eventLine(events), events % PARTITIONS);
        await delay(20);
      }
    })();
    const stop = () => {
      loading = false;
      return done;
    };
    running.unshift({ stop });
    return {
      stop: async () => {
        await stop();
        while (events % PARTITIONS !== 0) stream.append(eventLine(events), events++ % PARTITIONS);
        return events;
      },
    };
  };

  const lastLanded = async () =>
    new Map(
      (
        await warehouse.rows<{ p: number; last: number }>(
          'SELECT partition AS p, max(offset) AS last FROM crm.events GROUP BY p ORDER BY p',
        )
      ).map(({ p, last }) => [p, last]),
    );

  const counted = async (table: string) =>
    (await warehouse.rows(`SELECT count() AS n, uniqExact(partition, offset) AS places FROM ${table}`))[0];

  it('stops two projectors under load at an exact boundary, and lets them go on', async () => {
    const stream = new MemoryStream(PARTITIONS, 10);
    const one = await start(stream, 'one');
    const two = await start(stream, 'two');
    const loading = load(stream);
    expect(await one.waitFor(50, DEADLINE)).toBe(true);
    const projector = await holds('a rebuild');
    for (let round = 0; round < 2; round++) {
      const boundary = await projector.pause();
      expect(await lastLanded()).toEqual(boundary);
      const seen = stream.appended;
      while (stream.appended < seen + 50) await delay(5);
      expect(await lastLanded()).toEqual(boundary);
      await projector.resume();
      const [behind] = boundary.values();
      expect(await one.waitFor((behind ?? 0) * PARTITIONS + 30, DEADLINE)).toBe(true);
    }
    const events = await loading.stop();
    expect(await one.waitFor(events - 1, DEADLINE)).toBe(true);
    expect(await two.waitFor(events - 1, DEADLINE)).toBe(true);
    expect(await counted('crm.events')).toEqual({ n: events, places: events });
  });

  it('and a claim at one place: the engine takes one of them', async () => {
    const claims = new Claims(await warehouse.connect(), 'a projector');
    let sent = () => {};
    const telling: Warehouse = await warehouse.connect();
    const insertLines = telling.insertLines.bind(telling);
    telling.insertLines = (...insert) => {
      sent();
      return insertLines(...insert);
    };
    const projector = await holds('a rebuild', { partitions: async () => [0], warehouse: telling });
    let next = 0;
    let turn = 0;
    const won = { claim: 0, hold: 0 };
    for (let round = 0; round < 15; round++) {
      // Before the hold is on its way, or at the same moment.
      const go = new Promise<void>((resolve) => {
        if (round % 3 === 0) resolve();
        else sent = resolve;
      });
      const [state, boundary] = await Promise.all([
        go
          .then(() => claims.put(0, { first: next, last: next, records: 0 }, turn))
          .then(async (found) => {
            if (found.is === 'claimed') {
              claims.noteLanded(0, found.claim);
              await claims.flush();
            }
            return found;
          }),
        projector.pause(),
      ]);
      const claimed = state.is === 'claimed';
      won[claimed ? 'claim' : 'hold'] += 1;
      expect(boundary.get(0) ?? -1).toBe(claimed ? next : next - 1);
      await projector.resume();
      const { end } = await chainOf(warehouse, 0);
      next = end.next;
      turn = end.turn;
    }
    expect(won.claim + won.hold).toBe(15);
    expect(won.claim).toBeGreaterThan(0);
  });

  it('keeps a second holder waiting, and refuses it by name when that takes too long', async () => {
    const first = await holds('a rebuild');
    const second = await holds('a refill');
    const hasty = await holds('another', { patienceMs: 50 });
    await first.pause();
    await expect(hasty.pause()).rejects.toMatchObject({
      code: 'projector-paused',
      message: expect.stringContaining('a rebuild'),
    });
    let entered = false;
    const waiting = second.pause().then(() => {
      entered = true;
    });
    expect(entered).toBe(false);
    await first.resume();
    await waiting;
    await expect(hasty.pause()).rejects.toMatchObject({ message: expect.stringContaining('a refill') });
    await second.resume();
    await Promise.all([first, second].map((each) => each.pause().then(() => each.resume())));
  });

  it('comes one after the other within one process', async () => {
    const projector = await holds('a rebuild');
    await projector.pause();
    const order: string[] = [];
    const next = projector.pause().then(() => order.push('second'));
    order.push('first');
    await projector.resume();
    await next;
    expect(order).toEqual(['first', 'second']);
    await projector.resume();
    await expect(projector.resume()).rejects.toThrow('not paused');
  });

  it('stands as long as it is prolonged', async () => {
    const stream = new MemoryStream(PARTITIONS);
    const landing = await start(stream, 'one');
    await landing.started;
    const projector = await holds('a rebuild', { leaseMs: 1_000 });
    await projector.pause();
    for (let i = 0; i < 9; i++) stream.append(eventLine(i), i % PARTITIONS);
    expect(await landing.waitFor(8, 3_000)).toBe(false);
    await projector.resume();
    expect(await landing.waitFor(8, DEADLINE)).toBe(true);
  });

  it('that nobody prolongs is released by whoever meets it, and its holder told so', async () => {
    const stream = new MemoryStream(PARTITIONS);
    const landing = await start(stream, 'one');
    for (let i = 0; i < 9; i++) stream.append(eventLine(i), i % PARTITIONS);
    expect(await landing.waitFor(8, DEADLINE)).toBe(true);
    const asleep: Warehouse = Object.assign(Object.create(await warehouse.connect()), {});
    const projector = await holds('a sleeper', { warehouse: asleep, leaseMs: 150 });
    await projector.pause();
    // As if the process were stopped: nothing that it wants to write arrives.
    asleep.insertLines = () => Promise.reject(new Error('asleep'));
    for (let i = 9; i < 18; i++) stream.append(eventLine(i), i % PARTITIONS);
    expect(await landing.waitFor(17, DEADLINE)).toBe(true);
    Reflect.deleteProperty(asleep, 'insertLines');
    await expect(projector.resume()).rejects.toMatchObject({ code: 'pause-lost' });
    const again = await holds('another');
    await again.pause();
    await again.resume();
    expect(await counted('crm.events')).toEqual({ n: 18, places: 18 });
  });

  it('holds partitions that have nothing yet at their beginning', async () => {
    const projector = await holds('a rebuild');
    expect(await projector.pause()).toEqual(new Map());
    const stream = new MemoryStream(PARTITIONS);
    const landing = await start(stream, 'one');
    for (let i = 0; i < 9; i++) stream.append(eventLine(i), i % PARTITIONS);
    await landing.started;
    expect(await landing.waitFor(0, 200)).toBe(false);
    expect(await counted('crm.events')).toEqual({ n: 0, places: 0 });
    await projector.resume();
    expect(await landing.waitFor(8, DEADLINE)).toBe(true);
  });

  it('is not taken while a claim is open that nobody lands', async () => {
    const claims = new Claims(await warehouse.connect(), 'a dead projector');
    await claims.put(1, { first: 0, last: 5, records: 6 }, 0);
    const projector = await holds('a rebuild', { patienceMs: 100 });
    await expect(projector.pause()).rejects.toMatchObject({
      code: 'projector-away',
      message: expect.stringContaining('0 to 5 of partition 1'),
    });
    const stream = new MemoryStream(PARTITIONS);
    const landing = await start(stream, 'one');
    for (let i = 0; i < 30; i++) stream.append(eventLine(i), i % PARTITIONS);
    expect(await landing.waitFor(29, DEADLINE)).toBe(true);
  });

  it('lets a projection be rebuilt while two projectors land, also when a third wakes and lands old claims again', async () => {
    await startProjections(warehouse, sources);
    const stream = new MemoryStream(PARTITIONS, 10);
    const one = await start(stream, 'one');
    const two = await start(stream, 'two');
    const loading = load(stream);
    expect(await one.waitFor(300, DEADLINE)).toBe(true);
    const lastClaim = (await chainOf(warehouse, 0)).claim;
    const rebuilt = await rebuildProjection(warehouse, sources, 'sales', await holds('a rebuild'));
    expect(rebuilt.parity.equal).toBe(true);
    const { first = 0, last = 0 } = lastClaim ?? {};
    const lines = Array.from(
      { length: last - first + 1 },
      (_, i) => `{"partition":0,"offset":${first + i},${eventLine((first + i) * PARTITIONS).slice(1)}\n`,
    );
    await warehouse.insertLines('crm.events', lines.join(''), {
      insert_deduplication_token: `claim-0-${first}`,
      deduplicate_blocks_in_dependent_materialized_views: 1,
    });
    const events = await loading.stop();
    expect(await one.waitFor(events - 1, DEADLINE)).toBe(true);
    expect(await two.waitFor(events - 1, DEADLINE)).toBe(true);
    for (const table of ['crm.events', 'crm.sales', 'crm.sales_v1', 'crm.sales_v2'])
      expect(await counted(table)).toEqual({ n: events, places: events });
  });

  it('that was lost while a projection was made beside leaves nothing of it', async () => {
    await startProjections(warehouse, sources);
    const projector = await holds('a rebuild');
    const overtaken = {
      mayRepeat: true,
      pause: async () => {
        const boundary = await projector.pause();
        for (let partition = 0; partition < PARTITIONS; partition++) {
          const { end } = await chainOf(warehouse, partition);
          await releaseHold(warehouse, { partition, first: end.next, turn: end.turn }, 'somebody else');
        }
        return boundary;
      },
      resume: () => projector.resume(),
    };
    await expect(rebuildProjection(warehouse, sources, 'sales', overtaken)).rejects.toMatchObject({
      code: 'projection-rebuild-failed',
      message: expect.stringContaining('did not hold'),
    });
    expect(
      await warehouse.rows("SELECT name FROM system.tables WHERE database = 'crm' AND name LIKE 'sales_v2%'"),
    ).toEqual([]);
  });
});
