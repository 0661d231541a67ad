import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { CHUNK_SIZE, streamHash } from '#event-store/sqlite/stream-index';
import type { NewEvent, RecordedEvent } from '#eventing/event';
import { EventStoreUnavailable, StreamDeleted, WrongExpectedRevision } from '#eventing/event-store';

describe('SqliteEventStore', () => {
  let folder: string;
  let file: string;
  let open: SqliteEventStore[];
  const openStore = () => {
    const store = new SqliteEventStore(file);
    open.push(store);
    return store;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    file = join(folder, 'events.db');
    open = [];
  });
  afterEach(async () => {
    for (const store of open) await store.close();
    rmSync(folder, { recursive: true });
  });

  it('has everything again when opened anew', async () => {
    const first = openStore();
    await first.append('a', [event(0), event(1)], { expectedRevision: 'no-stream' });
    const any = await first.append('b', [event(2)], { expectedRevision: 'any' });
    await first.deleteStream('c', { expectedRevision: 'any' });
    await first.close();
    const again = openStore();
    expect(await again.head()).toBe(3);
    expect((await all(again.readStream('a'))).map(({ id }) => id)).toEqual([event(0).id, event(1).id]);
    expect(await again.append('a', [event(3)], { expectedRevision: 1 })).toEqual({
      revision: 2,
      position: 4,
    });
    expect(await again.append('b', [event(2)], { expectedRevision: 'any' })).toEqual(any);
    await expect(all(again.readStream('c'))).rejects.toBeInstanceOf(StreamDeleted);
  });

  it('counts positions from 1 without gaps, conflicts or not', async () => {
    const store = openStore();
    for (let i = 0; i < 10; i++) {
      await store.append('a', [event(i)], { expectedRevision: i === 0 ? 'no-stream' : i - 1 });
      await store.append('a', [event(100 + i)], { expectedRevision: 'no-stream' }).catch(() => {});
    }
    expect((await all(store.readAll())).map(({ position }) => position)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });

  it('commits what many writers append at once in few rows', async () => {
    const store = openStore();
    await Promise.all(
      Array.from({ length: 200 }, (_, i) =>
        store.append(`s-${i}`, [event(i)], { expectedRevision: 'no-stream' }),
      ),
    );
    await store.close();
    const db = new Database(file);
    expect(db.prepare('SELECT count(*) FROM commits').pluck().get()).toBeLessThan(5);
    db.close();
  });

  it('keeps two streams apart whose names have the same hash', async () => {
    const [one, other] = SAME_HASH;
    expect(streamHash(one)).toBe(streamHash(other));
    const store = openStore();
    const write = async (stream: string, i: number) =>
      store.append(stream, [event(i)], { expectedRevision: i === 0 ? 'no-stream' : i - 1 });
    for (const [stream, i] of [
      [one, 0],
      [other, 0],
      [one, 1],
      [other, 1],
      [other, 2],
      [one, 2],
    ] as const)
      expect(await write(stream, i)).toMatchObject({ revision: i });
    await store.close();
    const again = openStore();
    for (const stream of [one, other]) {
      const read = async (options = {}) =>
        (await all(again.readStream(stream, options))).map((e) => e.revision);
      expect(await read()).toEqual([0, 1, 2]);
      expect(await read({ from: 1 })).toEqual([1, 2]);
      expect(await read({ from: 1, limit: 1 })).toEqual([1]);
      expect(await read({ direction: 'backwards' })).toEqual([2, 1, 0]);
      expect(await read({ direction: 'backwards', from: 1 })).toEqual([1, 0]);
      expect(await read({ direction: 'backwards', limit: 1 })).toEqual([2]);
      for (const i of [0, 1, 2])
        expect(
          (await again.append(stream, [event(i)], { expectedRevision: i === 0 ? 'no-stream' : i - 1 }))
            .revision,
        ).toBe(i);
      await expect(again.append(stream, [event(9)], { expectedRevision: 1 })).rejects.toMatchObject({
        actual: 2,
      });
    }
    expect(await again.head()).toBe(6);
  });

  it('finds streams across chunks of its index, before and after opening anew', async () => {
    const store = openStore();
    const total = CHUNK_SIZE + 5_000;
    const appends: Promise<unknown>[] = [];
    for (let i = 0; i < total; i += 1_000)
      appends.push(
        store.append(
          `s-${i % 7_000}`,
          Array.from({ length: Math.min(1_000, total - i) }, (_, k) => event(i + k)),
          { expectedRevision: 'any' },
        ),
      );
    await Promise.all(appends);
    const read = async (from: SqliteEventStore) => {
      const streams: number[] = [];
      for (let i = 0; i < 7_000; i += 1_000) streams.push((await all(from.readStream(`s-${i}`))).length);
      return streams;
    };
    const lengths = await read(store);
    expect(lengths.reduce((a, b) => a + b)).toBe(total);
    await store.close();
    const again = openStore();
    expect(await read(again)).toEqual(lengths);
    expect(await again.head()).toBe(total);
    expect(statSync(file).size / total).toBeLessThan(350);
  });

  describe('opened twice', () => {
    it('lets both append in turn, and both see everything', async () => {
      const [one, two] = [openStore(), openStore()];
      await one.append('a', [event(0)], { expectedRevision: 'no-stream' });
      await two.append('a', [event(1)], { expectedRevision: 0 });
      await expect(one.append('a', [event(2)], { expectedRevision: 0 })).rejects.toMatchObject({ actual: 1 });
      await one.append('a', [event(2)], { expectedRevision: 1 });
      await two.append('b', [event(3)], { expectedRevision: 'no-stream' });
      for (const store of [one, two]) {
        expect((await all(store.readAll())).map(({ stream, revision }) => `${stream}${revision}`)).toEqual([
          'a0',
          'a1',
          'a2',
          'b0',
        ]);
        expect(await all(store.readStream('a'))).toHaveLength(3);
        expect(await store.head()).toBe(4);
      }
      await two.deleteStream('a', { expectedRevision: 2 });
      await expect(one.append('a', [event(4)], { expectedRevision: 2 })).rejects.toBeInstanceOf(
        StreamDeleted,
      );
    });

    it('lets one of two win, each time', async () => {
      const stores = [openStore(), openStore()];
      let conflicts = 0;
      const climb = async (store: SqliteEventStore, id: number) => {
        for (let done = 0; done < 100; ) {
          const revision = (await all(store.readStream('a', { direction: 'backwards', limit: 1 })))[0]
            ?.revision;
          try {
            await store.append('a', [event(1_000 * id + done)], {
              expectedRevision: revision ?? 'no-stream',
            });
            done += 1;
          } catch (error) {
            expect(error).toBeInstanceOf(WrongExpectedRevision);
            conflicts += 1;
          }
        }
      };
      await Promise.all(stores.map(climb));
      expect((await all(stores[0]!.readStream('a'))).map(({ revision }) => revision)).toEqual(
        Array.from({ length: 200 }, (_, i) => i),
      );
      expect(conflicts).toBeGreaterThan(0);
    });

    it('shows a subscriber what the other has appended, a little later', async () => {
      const [one, two] = [openStore(), openStore()];
      const seen: RecordedEvent[] = [];
      const reading = (async () => {
        for await (const batch of one.subscribeToAll()) {
          seen.push(...batch);
          if (seen.length === 3) return;
        }
      })();
      for (let i = 0; i < 3; i++) await two.append('a', [event(i)], { expectedRevision: 'any' });
      await reading;
      expect(seen.map(({ revision }) => revision)).toEqual([0, 1, 2]);
    });
  });

  it('says that it could not write, loses nothing and goes on, when the file is held by somebody else', async () => {
    const store = openStore();
    await store.append('a', [event(0)], { expectedRevision: 'no-stream' });
    const other = new Database(file);
    // The wait for the lock blocks, so that a short one must do here.
    (store as unknown as { db: { pragma(text: string): void } }).db.pragma('busy_timeout = 20');
    other.exec('BEGIN IMMEDIATE');
    await expect(store.append('a', [event(1)], { expectedRevision: 0 })).rejects.toBeInstanceOf(
      EventStoreUnavailable,
    );
    other.exec('ROLLBACK');
    other.close();
    expect(await store.append('a', [event(1)], { expectedRevision: 0 })).toEqual({
      revision: 1,
      position: 2,
    });
  });

  it('undoes in memory what the disk refused', async () => {
    const store = openStore();
    await store.append('a', [event(0)], { expectedRevision: 'no-stream' });
    const { db } = store as unknown as { db: { pragma(text: string): unknown } };
    db.pragma('max_page_count = 10');
    const large = Array.from({ length: 8 }, (_, i) => ({ ...event(10 + i), data: 'x'.repeat(50_000) }));
    await expect(store.append('a', large, { expectedRevision: 0 })).rejects.toBeInstanceOf(
      EventStoreUnavailable,
    );
    expect(await store.head()).toBe(1);
    expect((await all(store.readStream('a'))).map(({ revision }) => revision)).toEqual([0]);
    db.pragma('max_page_count = 1000000');
    expect(await store.append('a', large, { expectedRevision: 0 })).toEqual({ revision: 8, position: 9 });
  });

  it('hands out data as they are stored, and parsed when asked', async () => {
    const store = openStore();
    const data = { amount: '12.30', note: 'żółć' };
    await store.append('a', [{ ...event(0), data }], { expectedRevision: 'no-stream' });
    const [read] = await all(store.readStream('a'));
    expect(read?.dataJson).toBe(JSON.stringify(data));
    expect(read?.data).toEqual(data);
    expect(read?.data).toBe(read?.data);
  });
});

const event = (i: number): NewEvent => ({
  id: `00000000-0000-5000-8000-${String(i).padStart(12, '0')}`,
  type: 'NoteTaken',
  schemaVersion: 1,
  data: { i },
  metadata: {
    customerId: 'c-1',
    occurredAt: '2024-05-01T10:00:00.000Z',
    businessDate: '2024-05-01',
    actor: 'test',
    commandId: `cmd-${i}`,
    correlationId: `cmd-${i}`,
    causationId: null,
  },
});

/** Two names with the same hash, found by trying. */
const SAME_HASH = ['customer-36d5ef2a', 'customer-947433a7'] as const;

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
};
