import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import type { EventPlaces, PlacedRecord } from '#event-stream/event-places';
import { landingLine } from '#event-stream/landing-line';
import type { RecordedEvent } from '#eventing/event';
import { createLogger } from '#platform/logging';
import { MemoryStream } from '#test/support/memory-stream';
import { appendSales } from '#test/support/sales';
import { Claims } from '../landing/claims.js';
import { Holds } from '../landing/holds.js';
import { Landing } from '../landing/landing.js';
import { migrate } from '../migrations.js';
import { openWarehouse, type Warehouse } from '../warehouse.js';
import { landLostRanges } from './lost-ranges.js';
import { refill } from './refill.js';
import { verify } from './verify.js';

const SCHEMA = join(import.meta.dirname, '../../../infra/clickhouse/schema');
const PARTITIONS = 2;
const EVENTS = 200;
const log = createLogger('silent');

/** A topic whose records are deleted, left out and changed as the test says; test/contract has the same with Kafka. */
describe('a stream that keeps records of its own', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  let store: SqliteEventStore;
  let stream: MemoryStream;
  let records: PlacedRecord[][];
  let files = 0;

  beforeAll(async () => {
    warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
  });
  beforeEach(async () => {
    await warehouse.command('DROP DATABASE IF EXISTS crm SYNC');
    await migrate(warehouse, SCHEMA);
    store = new SqliteEventStore(join(dir, `events-${files++}.db`));
    stream = new MemoryStream(PARTITIONS);
    records = Array.from({ length: PARTITIONS }, () => []);
    await appendSales(store, 0, EVENTS);
    for await (const event of store.readAll()) {
      const partition = places.partitionOf(event);
      const { line } = landingLine(event);
      records[partition]!.push({ offset: stream.append(line, partition), line });
    }
  });
  afterEach(() => store.close());
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const places: EventPlaces = {
    partitionOf: ({ position }: RecordedEvent) => (position - 1) % PARTITIONS,
    offsetOf: () => undefined,
    topic: {
      watermarks: () => stream.watermarks(),
      written: () => store.head(),
      read: async function* ({ partition, from, to }) {
        const left = records[partition]!.filter(({ offset }) => offset >= from && offset < to);
        for (let i = 0; i < left.length; i += 7) yield left.slice(i, i + 7);
      },
    },
  };
  const retainFrom = (partition: number, offset: number) => {
    stream.retainFrom(offset, partition);
    records[partition] = records[partition]!.filter((record) => record.offset >= offset);
  };
  /** The stream's positions begin at 0, the store's at 1. */
  const landAll = async () => {
    const landing = new Landing({ stream, warehouse, log, writer: 'test' });
    expect(await landing.waitFor(EVENTS - 1, 60_000)).toBe(true);
    await landing.stop();
  };
  const verified = () => verify(store, warehouse, { places, upTo: EVENTS });
  const refilled = () =>
    refill(store, warehouse, {
      places,
      projector: new Holds({ warehouse, holder: 'test', partitions: async () => records.keys(), log }),
      log,
      from: 0,
      landedPosition: () => EVENTS,
    });
  const lost = (on: Warehouse) =>
    landLostRanges({ store, warehouse: on, places, topic: places.topic!, log, size: 15 });

  it('agrees with the event store but for what retention took, and each difference is named', async () => {
    await landAll();
    expect(await verified()).toMatchObject({ agrees: true, topic: EVENTS, goneFromTopic: 0, landed: EVENTS });
    retainFrom(0, 10);
    expect(await verified()).toMatchObject({ agrees: true, topic: EVENTS - 10, goneFromTopic: 10 });
    const [list] = records as [PlacedRecord[]];
    const at = (position: number) =>
      list.findIndex(({ line }) => line.startsWith(`{"position":${position},`));
    list[at(31)] = { ...list[at(31)]!, line: list[at(31)]!.line.replace('"revision":0', '"revision":9') };
    list.splice(at(41), 1);
    list.splice(at(51), 0, list[at(51)]!);
    const early = at(61);
    [list[early], list[early + 1]] = [list[early + 1]!, list[early]!];
    list.push({ offset: list.at(-1)!.offset, line: 'junk' });
    const { differences } = await verified();
    const named = differences.map((each) => `${each.in} ${each.kind} ${each.first}`);
    for (const name of ['altered 31', 'missing 41', 'doubled 51', 'out of order 61', 'extra -1'])
      expect(named).toContain(`topic ${name}`);
  });

  it('gives missing events their offsets again, or others in order where nobody knows them', async () => {
    await landAll();
    retainFrom(0, 10);
    await warehouse.command('DELETE FROM crm.events WHERE position IN (1, 4, 5, 9, 41, 199)');
    expect(await refilled()).toMatchObject({ refilled: 6, landedInstead: 0 });
    expect((await verified()).differences).toEqual([]);
    expect(await refilled()).toMatchObject({ refilled: 0 });
    expect(
      await warehouse.rows('SELECT count() AS n FROM crm.events WHERE offset != intDiv(position - 1, 2)'),
    ).toEqual([{ n: 0 }]);
  });

  it('lands what was lost before it landed, whatever insert is the last, and landing goes on', async () => {
    retainFrom(0, 40);
    retainFrom(1, EVENTS / PARTITIONS);
    for (let insert = 1; insert <= 6; insert++) await lost(endingAt(warehouse, insert)).catch(killed);
    await lost(warehouse);
    expect(await lost(warehouse)).toBe(0);
    await landAll();
    expect((await verified()).differences).toEqual([]);
    expect(
      await warehouse.rows('SELECT count() AS n, uniqExact(position) AS events FROM crm.events'),
    ).toEqual([{ n: EVENTS, events: EVENTS }]);
  });

  it.each([
    ['all of it', 5],
    ['some of it', 2],
    ['more than it', 8],
  ])(
    'lands a claim that holds a poisoned record and of which retention took %s, and landing goes on, each event once',
    async (_, low) => {
      const all = records;
      stream = new MemoryStream(PARTITIONS);
      records = all.map(() => []);
      for (const [partition, list] of all.entries())
        for (const [i, { line }] of list.entries()) {
          if (i === 3)
            records[partition]!.push({ offset: stream.append('poison', partition), line: 'poison' });
          records[partition]!.push({ offset: stream.append(line, partition), line });
        }
      await new Claims(warehouse, 'one that died').put(0, { first: 0, last: 4, records: 5 }, 0);
      retainFrom(0, low);
      for (let insert = 1; insert <= 3; insert++) await lost(endingAt(warehouse, insert)).catch(killed);
      await lost(warehouse);
      expect(await lost(warehouse)).toBe(0);
      const landing = new Landing({ stream, warehouse, log, writer: 'test' });
      const counts = async () =>
        (
          await warehouse.rows<{ n: number; events: number }>(
            'SELECT count() AS n, uniqExact(position) AS events FROM crm.events',
          )
        )[0];
      for (const deadline = Date.now() + 60_000; (await counts())?.events !== EVENTS; await delay(20))
        if (Date.now() > deadline) break;
      await landing.stop();
      expect(await counts()).toEqual({ n: EVENTS, events: EVENTS });
      expect((await verified()).differences.filter((each) => each.in === 'warehouse')).toEqual([]);
    },
  );
});

const killed = (error: Error): void => {
  if (error.message !== 'killed') throw error;
};

/** As a process that is killed right after an insert, before it learns of it. */
const endingAt = (warehouse: Warehouse, insert: number): Warehouse => {
  let inserts = 0;
  return new Proxy(warehouse, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (name !== 'insertLines') return typeof value === 'function' ? value.bind(target) : value;
      return async (...args: Parameters<Warehouse['insertLines']>) => {
        if (inserts < insert) await target.insertLines(...args);
        inserts += 1;
        if (inserts >= insert) throw new Error('killed');
      };
    },
  });
};
