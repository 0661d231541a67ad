import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { eventLine } from '#test/support/event-line';
import { MemoryLandedOffsets, MemoryStream } from '#test/support/memory-stream';
import { noProjector } from '../boundary.js';
import type { Warehouse } from '../warehouse.js';
import { Landing, type LandingOptions } from './landing.js';
import { ObservedLanding } from './observed-landing.js';

const DEADLINE = 25_000;
const log = createLogger('silent');

const until = async (condition: () => boolean | Promise<boolean>, what: string) => {
  const deadline = Date.now() + DEADLINE;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Not within ${DEADLINE} ms: ${what}`);
    await delay(5);
  }
};

/** A connection that can be cut, and whose inserts into crm.events can be kept on their way. */
class Line {
  private cut = false;
  private kept: (() => void)[] | undefined;
  /** Inserts that are on their way. */
  waiting = 0;
  readonly warehouse: Warehouse;

  constructor(private readonly real: Warehouse) {
    const through = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      this.demandWhole();
      const result = await work();
      this.demandWhole();
      return result;
    };
    this.warehouse = Object.assign(Object.create(real), {
      rows: (...query: Parameters<Warehouse['rows']>) => through(() => this.real.rows(...query)),
      command: (...statement: Parameters<Warehouse['command']>) =>
        through(() => this.real.command(...statement)),
      insertLines: (...insert: Parameters<Warehouse['insertLines']>) =>
        through(async () => {
          if (insert[0] === 'crm.events') await this.pass();
          await this.real.insertLines(...insert);
        }),
    });
  }

  down(): void {
    this.cut = true;
  }

  up(): void {
    this.cut = false;
  }

  /** As if the process, or what it sends, were stopped. */
  freeze(): void {
    this.kept = [];
  }

  thaw(): void {
    for (const go of this.kept ?? []) go();
    this.kept = undefined;
  }

  private async pass(): Promise<void> {
    this.waiting += 1;
    if (this.kept) await new Promise<void>((resolve) => this.kept?.push(resolve));
    this.waiting -= 1;
  }

  private demandWhole(): void {
    if (this.cut) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  }
}

describe('projectors that share a warehouse', () => {
  const running: { stop(): Promise<void> }[] = [];
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });

  beforeEach(async () => {
    await warehouse.command(
      `CREATE TABLE crm.seen (partition UInt16, offset UInt64) ENGINE = MergeTree ORDER BY offset
       SETTINGS non_replicated_deduplication_window = 100000`,
    );
    await warehouse.command(
      'CREATE MATERIALIZED VIEW crm.seen_feed TO crm.seen AS SELECT partition, offset FROM crm.events',
    );
  });
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop().catch(() => {});
  });

  const start = async (stream: MemoryStream, options: Partial<LandingOptions> = {}) => {
    const line = new Line(await warehouse.connect());
    const landing = new Landing({
      stream,
      warehouse: line.warehouse,
      log,
      writer: 'test',
      limits: { records: 10, bytes: 100_000 },
      ...options,
    });
    running.push({ stop: () => landing.stop() }, { stop: async () => line.thaw() });
    return { landing, line };
  };

  const append = (stream: MemoryStream, from: number, to: number, partitions: number) => {
    for (let i = from; i < to; i++) stream.append(eventLine(i), i % partitions);
  };

  const demandOnce = async (events: number) => {
    for (const table of ['crm.events', 'crm.seen'])
      expect(
        await warehouse.rows(`SELECT count() AS n, uniqExact(partition, offset) AS places FROM ${table}`),
      ).toEqual([{ n: events, places: events }]);
  };

  it('wait for it while it is away, keep no more than fits, and go on', async () => {
    const stream = new MemoryStream(1, 5);
    const { landing, line } = await start(stream);
    append(stream, 0, 20, 1);
    expect(await landing.waitFor(19, DEADLINE)).toBe(true);
    line.down();
    append(stream, 20, 500, 1);
    await until(() => landing.status().state === 'waiting', 'it waits');
    await until(() => (landing.status().partitions[0]?.waitingRecords ?? 0) >= 20, 'it has read some');
    expect(landing.status()).toMatchObject({
      state: 'waiting',
      reason: expect.stringContaining('ECONNREFUSED'),
      partitions: [{ partition: 0, next: 20 }],
      landedRecords: 20,
    });
    expect(await landing.waitFor(499, 1500)).toBe(false);
    expect(landing.status().partitions[0]?.waitingRecords).toBeLessThanOrEqual(25);
    line.up();
    expect(await landing.waitFor(499, DEADLINE)).toBe(true);
    expect(landing.status()).toMatchObject({ state: 'landing', landedRecords: 500, deadLetters: 0 });
    await demandOnce(500);
  });

  it('wait for it at the start, and end within seconds although it is away', async () => {
    const stream = new MemoryStream(1, 5);
    const connection = await warehouse.connect();
    const line = new Line(connection);
    line.down();
    const landing = new Landing({ stream, warehouse: line.warehouse, log, writer: 'test' });
    await until(() => landing.status().state === 'waiting', 'it waits');
    line.up();
    append(stream, 0, 10, 1);
    expect(await landing.waitFor(9, DEADLINE)).toBe(true);
    line.freeze();
    append(stream, 10, 20, 1);
    await until(() => line.waiting === 1, 'an insert is on its way');
    const stopped = Date.now();
    await landing.stop();
    expect(Date.now() - stopped).toBeLessThan(8000);
    line.thaw();
    const { landing: successor } = await start(stream);
    expect(await successor.waitFor(19, DEADLINE)).toBe(true);
    await until(() => line.waiting === 0, 'the late insert has arrived');
    await demandOnce(20);
    await connection.close();
  });

  it('land once what one of them had claimed when it fell asleep, and slept while the other went on', async () => {
    const stream = new MemoryStream(2, 5);
    const { landing: sleeper, line } = await start(stream, { writer: 'sleeper' });
    append(stream, 0, 20, 2);
    expect(await sleeper.waitFor(19, DEADLINE)).toBe(true);
    line.freeze();
    append(stream, 20, 40, 2);
    await until(() => line.waiting === 1, 'it sleeps with an insert on its way');
    const { landing: successor } = await start(stream, { writer: 'successor' });
    append(stream, 40, 200, 2);
    expect(await successor.waitFor(199, DEADLINE)).toBe(true);
    line.thaw();
    append(stream, 200, 240, 2);
    expect(await sleeper.waitFor(239, DEADLINE)).toBe(true);
    expect(await successor.waitFor(239, DEADLINE)).toBe(true);
    await demandOnce(240);
  });

  it('let go of partitions that are taken away, also while an insert is under way', async () => {
    const stream = new MemoryStream(2, 5);
    const { landing, line } = await start(stream);
    append(stream, 0, 20, 2);
    expect(await landing.waitFor(19, DEADLINE)).toBe(true);
    line.freeze();
    append(stream, 20, 60, 2);
    await until(() => line.waiting === 1, 'an insert is on its way');
    const claimed = landing.status().partitions.find(({ claimed }) => claimed)!.partition;
    stream.assign([1 - claimed]);
    expect(landing.status().partitions.map(({ partition }) => partition)).toEqual([1 - claimed]);
    line.thaw();
    const boundary = await landing.pause();
    expect([...boundary.keys()]).toEqual([1 - claimed]);
    landing.resume();
    await until(async () => (await landing.freshness()).events === 0, 'its own partition has landed');
    stream.assign([0, 1]);
    expect(await landing.waitFor(59, DEADLINE)).toBe(true);
    await demandOnce(60);
  });

  it('tell whoever observes them, each of its own partitions', async () => {
    const published = new MemoryLandedOffsets();
    const stream = new MemoryStream(2, 5);
    stream.assign([0]);
    await start(stream, { published });
    const other = Object.assign(Object.create(stream), { assignment: [1] }) as MemoryStream;
    await start(other, { published });
    append(stream, 0, 100, 2);
    const observed = new ObservedLanding({ stream, published, projector: noProjector(warehouse), log });
    running.push({ stop: () => observed.close() });
    expect(await observed.waitFor(99, DEADLINE)).toBe(true);
    expect(await observed.freshness()).toEqual({ events: 0, seconds: 0 });
    await demandOnce(100);
  });

  it('stop in the partition alone whose events the stream has lost, and say so', async () => {
    const stream = new MemoryStream(2, 5);
    const first = await start(stream);
    append(stream, 0, 20, 2);
    expect(await first.landing.waitFor(19, DEADLINE)).toBe(true);
    await first.landing.stop();
    append(stream, 20, 60, 2);
    stream.retainFrom(20, 1);
    const { landing } = await start(stream);
    await until(async () => landing.landed().offsets.get(0) === 29, 'the other partition lands');
    const status = landing.status();
    expect(status.state).toBe('failed');
    expect(status.reason).toMatch(
      /Partition 1 .* begins at offset 20, but 10 is not landed.*refill --from-position/,
    );
    expect(status.partitions.find(({ partition }) => partition === 1)?.stopped).toBe(status.reason);
    append(stream, 60, 80, 2);
    await until(async () => landing.landed().offsets.get(0) === 39, 'and goes on');
    expect(landing.landed().offsets.has(1)).toBe(false);
  });

  it('go on by themselves once what stopped a partition in the midst of reading is repaired', async () => {
    const stream = new MemoryStream(2, 5);
    const first = await start(stream);
    append(stream, 0, 20, 2);
    expect(await first.landing.waitFor(19, DEADLINE)).toBe(true);
    await first.landing.stop();
    const { landing } = await start(stream);
    await until(() => landing.landed().offsets.size === 2, 'it has begun');
    const doubled = stream.append(eventLine(3), 1);
    append(stream, 20, 40, 2);
    await until(() => landing.status().state === 'failed', 'the partition is stopped');
    expect(landing.status().reason).toMatch(/Partition 1 .* position 3, but 19 has landed before/);
    await until(() => landing.landed().offsets.get(0) === 19, 'the other one goes on');
    // Somebody says that there is nothing to be landed.
    await warehouse.command(
      `INSERT INTO crm.claims (partition, first, last, records, state, writer)
       VALUES (1, ${doubled}, ${doubled}, 0, 'claimed', 'x'), (1, ${doubled}, ${doubled}, 0, 'landed', 'x')`,
    );
    await until(() => landing.landed().offsets.get(1) === 20, 'it goes on');
    expect(landing.status().state).toBe('landing');
    await demandOnce(40);
  });

  it('write nothing for a partition that was taken away while the warehouse was away', async () => {
    const stream = new MemoryStream(1, 5);
    const { landing, line } = await start(stream);
    append(stream, 0, 10, 1);
    expect(await landing.waitFor(9, DEADLINE)).toBe(true);
    line.down();
    append(stream, 10, 20, 1);
    await until(() => landing.status().state === 'waiting', 'it waits to claim them');
    stream.assign([]);
    line.up();
    await until(() => landing.status().state === 'landing', 'it has given up');
    await landing.pause();
    landing.resume();
    expect(await warehouse.rows('SELECT count() AS n FROM crm.claims WHERE first >= 10')).toEqual([{ n: 0 }]);
    await demandOnce(10);
  });
});
