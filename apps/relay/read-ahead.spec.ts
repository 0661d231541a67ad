import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import type { TopicEvent } from '#event-stream/kafka/topic-event';
import { EventStoreUnavailable } from '#eventing/event-store';
import { newFolder, removeFolder } from '#test/support/process-stores';
import { appendSales } from '#test/support/sales';
import { ReadAhead } from './read-ahead.js';

describe('reading ahead', () => {
  let folder: string;
  let store: SqliteEventStore;
  let ended: AbortController;
  beforeEach(() => {
    folder = newFolder();
    store = new SqliteEventStore(join(folder, 'events.db'));
    ended = new AbortController();
  });
  afterEach(async () => {
    ended.abort();
    await store.close();
    removeFolder(folder);
  });

  const failures: unknown[] = [];
  const open = (after: number, eventStore: Pick<SqliteEventStore, 'subscribeToAll'> = store) =>
    new ReadAhead({
      eventStore: eventStore as SqliteEventStore,
      after,
      partitions: 3,
      signal: ended.signal,
      onFailure: (error) => failures.push(error),
      onRead: () => {},
    });
  const positions = (events: readonly TopicEvent[]) => events.map(({ position }) => position);
  const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  it('gives all that has been read since the last time, in order, up to the limits', async () => {
    await appendSales(store, 0, 50);
    const ahead = open(10);
    const first = await ahead.take(5, 1_000_000);
    expect(positions(first)).toEqual(numbers(11, 15));
    const two = first[0]!.bytes * 2.5;
    expect(positions(await ahead.take(100, two))).toEqual([16, 17]);
    expect(positions(await ahead.take(100, 1))).toEqual([18]); // one at least
    expect(positions(await ahead.take(100, 1_000_000))).toEqual(numbers(19, 50));
    const next = ahead.take(100, 1_000_000);
    await appendSales(store, 50, 1);
    expect(positions(await next)).toEqual([51]);
  });

  it('lets events gather for as long as it is told, but no longer than until there are many', async () => {
    await appendSales(store, 0, 10);
    const ahead = open(-1);
    const until = performance.now() + 100;
    expect(positions(await ahead.take(5_000, 1_000_000, until))).toEqual(numbers(1, 10));
    expect(performance.now()).toBeGreaterThanOrEqual(until);
    await appendSales(store, 10, 2_000);
    const many = await ahead.take(5_000, 10_000_000, performance.now() + 3_600_000);
    expect(many.length).toBeGreaterThanOrEqual(1_000);
    await appendSales(store, 2_010, 10);
    expect(await ahead.take(5_000, 100, performance.now() + 3_600_000)).not.toEqual([]);
  });

  it('reads no further than its limit while nothing is taken', async () => {
    await appendSales(store, 0, 30_000);
    const ahead = open(-1);
    let before = -1;
    while (ahead.waiting > before || before < 20_000) {
      before = ahead.waiting;
      for (let i = 0; i < 20; i++) await turn();
    }
    expect(before).toBe(20_000);
    let taken = 0;
    while (taken < 30_000) taken += (await ahead.take(7_000, 64_000_000)).length;
    expect(taken).toBe(30_000);
  });

  it('begins again behind what it has read when the event store was away', async () => {
    await appendSales(store, 0, 10);
    let calls = 0;
    const flaky: Pick<SqliteEventStore, 'subscribeToAll'> = {
      async *subscribeToAll(options) {
        calls += 1;
        for await (const batch of store.subscribeToAll({ ...options, batchSize: 4 })) {
          if (calls < 3 && batch[0]!.position > 4 * calls) throw new EventStoreUnavailable('away');
          yield batch;
        }
      },
    };
    const ahead = open(-1, flaky);
    const read: number[] = [];
    while (read.length < 10) read.push(...positions(await ahead.take(100, 1_000_000)));
    expect(read).toEqual(numbers(1, 10));
    expect(failures).toHaveLength(2);
  });

  it('ends with what it cannot handle, and without anything when it is told to end', async () => {
    const broken = {
      // biome-ignore lint/correctness/useYield: it never comes to that
      async *subscribeToAll() {
        throw new TypeError('a mistake');
      },
    };
    await expect(open(-1, broken).take(1, 1)).rejects.toThrow('a mistake');
    const ahead = open(-1);
    const taking = ahead.take(1, 1);
    ended.abort();
    expect(await taking).toEqual([]);
    await ahead.end();
  });

  it('does not gather any longer when it is told to end', async () => {
    await appendSales(store, 0, 10);
    const ahead = open(-1);
    while (ahead.waiting === 0) await turn();
    const taking = ahead.take(5_000, 1_000_000, performance.now() + 3_600_000);
    ended.abort();
    expect(await taking).toEqual([]);
    await ahead.end();
  });
});
