import { afterEach, describe, expect, it } from '@jest/globals';
import type { EventStream } from '#event-stream/event-stream';
import { createLogger } from '#platform/logging';
import { randomFrom } from '#statistics/random';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { eventLine } from '#test/support/event-line';
import { liveVersion } from '#test/support/live-version';
import { MemoryStream } from '#test/support/memory-stream';
import { record } from '../projection-ledger.js';
import type { Warehouse } from '../warehouse.js';
import { Landing, type LandingOptions } from './landing.js';

const DEADLINE = 25_000;

describe('landing', () => {
  const running: Landing[] = [];
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });

  afterEach(async () => {
    for (const landing of running.splice(0)) await landing.stop().catch(() => {});
  });

  const start = (stream: EventStream, options: Partial<LandingOptions> = {}) => {
    const landing = new Landing({
      stream,
      warehouse,
      log: createLogger('silent'),
      writer: 'test',
      ...options,
    });
    running.push(landing);
    return landing;
  };

  const createView = async (name: string, select: string) => {
    await warehouse.command(
      `CREATE TABLE crm.${name}_rows ENGINE = MergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 100000
       EMPTY AS SELECT ${select} FROM crm.events`,
    );
    await warehouse.command(
      `CREATE MATERIALIZED VIEW crm.${name} TO crm.${name}_rows AS SELECT ${select} FROM crm.events`,
    );
  };

  const liveProjection = (name: string) => record(warehouse, liveVersion(name));

  const stateOf = async (name: string) =>
    (
      await warehouse.rows('SELECT state, reason FROM crm.projection_status WHERE name = {name:String}', {
        name,
      })
    )[0];

  const places = async (table = 'crm.events') =>
    (
      await warehouse.rows<{ p: number; o: number }>(
        `SELECT partition AS p, offset AS o FROM ${table} ORDER BY p, o`,
      )
    ).map(({ p, o }) => `${p}/${o}`);

  /** Fails with what landing failed with, if it did. */
  const landed = async (landing: Landing, position: number) =>
    expect(await Promise.race([landing.waitFor(position, DEADLINE), landing.done])).toBe(true);

  it('brings every record to its place, over several partitions and over offsets that no record has', async () => {
    const stream = new MemoryStream(4, 7);
    const landing = start(stream, { limits: { records: 10, bytes: 10_000 } });
    const expected: string[] = [];
    for (let i = 0; i < 100; i++) {
      const partition = i % 4;
      if (i % 13 === 0) stream.leaveGap(3, partition);
      const offset = stream.append(eventLine(i), partition);
      expected.push(`${partition}/${offset}`);
    }
    for (const partition of [0, 1, 2, 3]) stream.leaveGap(1, partition);
    await landed(landing, 99);
    expect((await places()).sort()).toEqual(expected.sort());
    const [first] = await warehouse.rows('SELECT * EXCEPT event_id FROM crm.events WHERE position = 0');
    expect(first).toEqual({
      partition: 0,
      offset: 3,
      position: 0,
      stream: 'sale-0',
      revision: 0,
      type: 'Sold',
      schema_version: 1,
      customer_id: 'customer-0',
      occurred_at: '2024-05-01 10:00:00.000',
      business_date: '2024-05-01',
      recorded_at: '2024-05-01 10:00:00.000',
      actor: 'test',
      command_id: 'command-0',
      correlation_id: 'command-0',
      causation_id: '',
      data: '{"amount":"1.00"}',
    });
  });

  it('sets aside what cannot be landed, and goes on', async () => {
    const stream = new MemoryStream();
    const landing = start(stream);
    stream.append(eventLine(0));
    stream.append('{"position":1', 0, { headers: { type: 'Sold', odd: 'half \ud83c' }, key: 'anna' });
    stream.append(eventLine(2, { stream: null }));
    // Passes our own check; the engine refuses a field that is given twice.
    const twice = eventLine(3).replace('{', '{"actor":"x",');
    stream.append(twice, 0, { headers: { 'event-id': 'x' }, key: 'bert' });
    stream.append(eventLine(4));
    await landed(landing, 4);
    expect(await places()).toEqual(['0/0', '0/4']);
    const replay = 'perennial dead-letters --replay';
    expect(
      await warehouse.rows(
        'SELECT offset, substring(reason, 1, 30) AS why, line, headers, key, replay FROM crm.open_dead_letters ORDER BY offset',
      ),
    ).toEqual([
      {
        offset: 1,
        why: 'is not one line of JSON',
        line: '{"position":1',
        headers: { type: 'Sold', odd: 'half \ufffd' },
        key: 'anna',
        replay,
      },
      {
        offset: 2,
        why: 'stream must be a string',
        line: eventLine(2, { stream: null }),
        headers: {},
        key: '',
        replay,
      },
      {
        offset: 3,
        why: expect.stringContaining('Code: 117'),
        line: twice,
        headers: { 'event-id': 'x' },
        key: 'bert',
        replay,
      },
    ]);
  });

  it('lands a batch in which nothing can be landed', async () => {
    const stream = new MemoryStream();
    const landing = start(stream);
    stream.append('nonsense');
    await landed(landing, 0);
    stream.append(eventLine(1));
    await landed(landing, 1);
    expect(await places()).toEqual(['0/1']);
  });

  it('goes on where it ended, whether that was noted or not', async () => {
    const stream = new MemoryStream();
    await createView('seen', 'offset');
    for (let round = 0; round < 3; round++) {
      const landing = start(stream);
      for (let i = 0; i < 5; i++) stream.append(eventLine(round * 5 + i));
      await landed(landing, round * 5 + 4);
      await landing.stop();
      if (round === 1) await warehouse.command("DELETE FROM crm.claims WHERE state = 'landed'");
    }
    expect(await places()).toHaveLength(15);
    expect(await warehouse.rows('SELECT count() AS n, uniqExact(offset) AS u FROM crm.seen_rows')).toEqual([
      { n: 15, u: 15 },
    ]);
  });

  it('finishes what another writer has claimed, exactly', async () => {
    const stream = new MemoryStream();
    for (let i = 0; i < 10; i++) stream.append(eventLine(i));
    await warehouse.command(
      "INSERT INTO crm.claims (partition, first, last, records, state, writer) VALUES (0, 0, 3, 4, 'claimed', 'other')",
    );
    await landed(start(stream), 9);
    expect(
      await warehouse.rows(
        "SELECT first, last, records FROM crm.claims WHERE state = 'claimed' ORDER BY first",
      ),
    ).toEqual([
      { first: 0, last: 3, records: 4 },
      { first: 4, last: 9, records: 6 },
    ]);
    expect(await places()).toHaveLength(10);
  });

  it('lands once what two writers bring at the same time', async () => {
    const stream = new MemoryStream(2, 5);
    await createView('seen', 'partition, offset');
    const other = await warehouse.connect();
    const limits = { records: 12, bytes: 10_000 };
    const one = start(stream, { writer: 'one', limits });
    const two = start(stream, { writer: 'two', limits, warehouse: other });
    for (let i = 0; i < 120; i++) stream.append(eventLine(i), i % 2);
    await Promise.all([landed(one, 119), landed(two, 119)]);
    expect(new Set(await places()).size).toBe(120);
    expect(await places()).toHaveLength(120);
    expect(await places('crm.seen_rows')).toHaveLength(120);
  });

  it('drops what it read of partitions that were taken away', async () => {
    const stream = new MemoryStream(2, 5);
    const landing = start(stream, { limits: { records: 12, bytes: 10_000 } });
    for (let i = 0; i < 120; i++) {
      stream.append(eventLine(i), i % 2);
      if (i % 30 === 0) stream.rebalance();
      if (i % 15 === 0) await landed(landing, i / 2);
    }
    await landed(landing, 119);
    expect(await places()).toHaveLength(120);
  });

  it('detaches a view that fails and lands the batch in the others, once', async () => {
    await createView('good', 'offset');
    await liveProjection('bad');
    await createView('bad_v1_feed', "throwIf(stream = 'sale-7') AS x");
    await createView('later', 'offset + 1 AS y');
    const stream = new MemoryStream();
    const landing = start(stream);
    for (let i = 0; i < 5; i++) stream.append(eventLine(i));
    await landed(landing, 4);
    for (let i = 5; i < 10; i++) stream.append(eventLine(i));
    await landed(landing, 9);
    const [counts] = await warehouse.rows(
      `SELECT (SELECT count() FROM crm.events) AS events, (SELECT count() FROM crm.good_rows) AS good,
         (SELECT count() FROM crm.bad_v1_feed_rows) AS bad, (SELECT count() FROM crm.later_rows) AS later`,
    );
    expect(counts).toEqual({ events: 10, good: 10, bad: 5, later: 10 });
    expect(await warehouse.rows("SELECT name FROM system.tables WHERE name = 'bad_v1_feed'")).toEqual([]);
    expect(await stateOf('bad')).toEqual({
      state: 'needs rebuild',
      reason: expect.stringContaining('while pushing to view crm.bad_v1_feed'),
    });
  });

  it('reconciles a claim that is too old for its token by its offsets', async () => {
    const stream = new MemoryStream(2);
    for (let i = 0; i < 20; i++) stream.append(eventLine(i), i % 2);
    await warehouse.command(
      "INSERT INTO crm.claims (partition, first, last, records, state, writer) VALUES (1, 0, 3, 4, 'claimed', 'other')",
    );
    const token = { insert_deduplication_token: 'half of it, and by another way' };
    const line = (offset: number) => `{"partition":1,"offset":${offset},"position":${offset * 2 + 1}}\n`;
    await warehouse.insertLines('crm.events', line(0) + line(2), token);
    await warehouse.command(
      "INSERT INTO crm.claims (partition, first, last, records, state, writer) SELECT 0, number, number, 0, 'claimed', 'other' FROM numbers(4)",
    );
    await warehouse.command(
      'INSERT INTO crm.events (partition, offset, position) SELECT 0, number, number * 2 FROM numbers(4)',
    );
    await warehouse.command(
      "INSERT INTO crm.claims (partition, first, last, state) VALUES (0, 3, 3, 'landed')",
    );
    await liveProjection('sales');
    await landed(start(stream, { window: 6 }), 19);
    expect(new Set(await places()).size).toBe(20);
    expect(await places()).toHaveLength(20);
    expect(await stateOf('sales')).toEqual({
      state: 'needs rebuild',
      reason: 'it may have missed offsets 0 to 3 of partition 1',
    });
  });

  it('ends when a stream that is not asked again has lost what is not landed', async () => {
    const stream: MemoryStream = Object.assign(new MemoryStream(), { setBack: undefined });
    for (let i = 0; i < 20; i++) stream.append(eventLine(i));
    const first = start(stream);
    await landed(first, 19);
    await first.stop();
    for (let i = 20; i < 30; i++) stream.append(eventLine(i));
    stream.retainFrom(25);
    await expect(start(stream).done).rejects.toThrow(/begins at offset 25, but 20 is not landed/);
  });

  it('refuses to begin anew in a warehouse that has events without claims', async () => {
    await warehouse.command('INSERT INTO crm.events (partition, offset) VALUES (0, 0)');
    await expect(start(new MemoryStream()).done).rejects.toThrow(/has rows of partition 0/);
  });

  it('pauses between two batches and says how far it is', async () => {
    const stream = new MemoryStream(2, 5);
    const landing = start(stream, { limits: { records: 10, bytes: 10_000 } });
    for (let i = 0; i < 100; i++) stream.append(eventLine(i), i % 2);
    const boundary = await landing.pause();
    const there = await warehouse.rows<{ p: number; last: number }>(
      'SELECT partition AS p, max(offset) AS last FROM crm.events GROUP BY p ORDER BY p',
    );
    expect([...boundary]).toEqual(there.map(({ p, last }) => [p, last]));
    // Whatever happens now, none of it is landed again.
    expect(
      await warehouse.rows(
        "SELECT partition AS p, max(last) AS last FROM crm.claims WHERE (p, first) IN (SELECT partition, first FROM crm.claims WHERE state = 'landed') GROUP BY p ORDER BY p",
      ),
    ).toEqual(there);
    for (let i = 100; i < 120; i++) stream.append(eventLine(i), i % 2);
    expect(await landing.waitFor(119, 200)).toBe(false);
    expect(await places()).toHaveLength(there.reduce((sum, { last }) => sum + last + 1, 0));
    await landing.pause();
    landing.resume();
    expect(await landing.waitFor(119, 100)).toBe(false);
    landing.resume();
    await landed(landing, 119);
    expect(landing.landed().offsets).toEqual(
      new Map([
        [0, 59],
        [1, 59],
      ]),
    );
  });

  it('knows how fresh it is', async () => {
    const stream = new MemoryStream();
    const landing = start(stream);
    stream.append(eventLine(0));
    await landed(landing, 0);
    expect(await landing.freshness()).toEqual({ events: 0, seconds: 0 });
    await landing.pause();
    stream.append(eventLine(1));
    expect(await landing.waitFor(1, 50)).toBe(false);
    expect(await landing.freshness()).toEqual({ events: 1, seconds: expect.any(Number) });
    expect((await landing.freshness()).seconds).toBeGreaterThan(0);
    landing.resume();
    await landed(landing, 1);
    expect(await landing.freshness()).toEqual({ events: 0, seconds: 0 });
  });

  it('lands everything once although answers get lost', async () => {
    await createView('seen', 'offset');
    const random = randomFrom(7);
    let losses = 0;
    const lossy: Warehouse = Object.assign(Object.create(warehouse), {
      insertLines: async (...insert: Parameters<Warehouse['insertLines']>) => {
        const fate = random.uniform();
        const lost = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
        if (fate < 0.1) throw lost;
        await warehouse.insertLines(...insert);
        if (fate > 0.6) {
          losses += 1;
          throw lost;
        }
      },
    });
    const stream = new MemoryStream(1, 5);
    const landing = start(stream, { warehouse: lossy, limits: { records: 10, bytes: 10_000 } });
    for (let i = 0; i < 100; i++) {
      stream.append(i === 50 ? 'nonsense' : eventLine(i));
      if (i % 10 === 9) await landed(landing, i);
    }
    expect(losses).toBeGreaterThan(2);
    expect(await places()).toHaveLength(99);
    expect(await places('crm.dead_letters')).toEqual(['0/50']);
    expect(await warehouse.rows('SELECT count() AS n FROM crm.seen_rows')).toEqual([{ n: 99 }]);
  });

  it('fails loudly, and leaves nobody waiting', async () => {
    const broken: EventStream = {
      watermarks: async () => new Map([[0, { low: 0, high: 1 }]]),
      positionBelow: () => -1,
      // biome-ignore lint/correctness/useYield: it breaks before it could
      consume: async function* ({ resumeAt }) {
        await resumeAt(0, 0);
        throw new Error('the stream broke');
      },
    };
    const landing = start(broken);
    const waiting = landing.waitFor(5, DEADLINE);
    await expect(landing.done).rejects.toThrow('the stream broke');
    expect(await waiting).toBe(false);
    await expect(landing.pause()).rejects.toThrow('stopped');
  });
});
