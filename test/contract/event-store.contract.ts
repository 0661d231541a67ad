import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewEvent, RecordedEvent } from '#eventing/event';
import {
  AppendTooLarge,
  type EventStore,
  EventStoreUnavailable,
  MAX_APPEND_BYTES,
  MAX_EVENT_BYTES,
  StreamDeleted,
  WrongExpectedRevision,
} from '#eventing/event-store';
import { eventId } from '#eventing/ids';
import { event, metadata, newStream } from './event-store-events.js';

/** A store, which need not be empty: a server is shared by all tests. */
export interface StoreUnderTest {
  readonly store: EventStore;
  /** How many events the store has handed out to readers so far. */
  handedOut?(): number;
  /** Takes away the connections, where the adapter has any. */
  dropConnections?(): void;
  tearDown(): Promise<void>;
}

export interface Sizes {
  /** Events in the test of many. */
  readonly many: number;
}

/** What every adapter of the event store must do. */
export const eventStoreContract = (
  adapter: string,
  setUp: () => Promise<StoreUnderTest>,
  { many }: Sizes,
): void => {
  describe(`the event store on ${adapter}`, () => {
    let underTest: StoreUnderTest;
    let store: EventStore;
    let before: number;
    beforeEach(async () => {
      underTest = await setUp();
      store = underTest.store;
      before = await store.head();
    });
    afterEach(() => underTest.tearDown());

    /** What this test has added, in the order of the log. */
    const added = (): Promise<RecordedEvent[]> => all(store.readAll(from(before)));

    describe('append', () => {
      it('keeps all that an event says, in any script', async () => {
        const stream = `${newStream()}-Żółć %2F 顧客/№1`;
        const written: NewEvent = {
          id: eventId(stream, 'only', 0),
          type: 'PurchaseRecorded',
          schemaVersion: 3,
          data: {
            note: 'naïve 😀 "quoted"\n\u2028\u0000',
            nothing: null,
            deep: [{ amount: '12.30' }],
            big: 2 ** 53,
          },
          metadata: {
            ...metadata('cmd-1'),
            actor: 'Zoë',
            correlationId: 'other',
            causationId: 'cause',
            traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
          },
        };
        const start = Date.now();
        const { position } = await store.append(stream, [written], { expectedRevision: 'no-stream' });
        const [read, ...others] = await all(store.readStream(stream));
        expect(others).toEqual([]);
        const { id, type, schemaVersion, data, metadata: read_ } = read!;
        expect({ id, type, schemaVersion, data, metadata: read_ }).toEqual(written);
        expect(read).toMatchObject({ stream, revision: 0, position });
        expect(new Date(read!.recordedAt).toISOString()).toBe(read!.recordedAt);
        expect(Date.parse(read!.recordedAt)).toBeGreaterThanOrEqual(start - 60_000);
        expect(Date.parse(read!.recordedAt)).toBeLessThanOrEqual(Date.now() + 60_000);
        if (read!.dataJson) expect(JSON.parse(read!.dataJson)).toEqual(written.data);
      });

      it('keeps metadata without a customer, a cause and a trace', async () => {
        const stream = newStream();
        const plain = { ...metadata('cmd'), customerId: null, correlationId: 'cmd', causationId: null };
        await store.append(stream, [{ ...event(stream, 0), metadata: plain }], { expectedRevision: 'any' });
        expect((await all(store.readStream(stream)))[0]?.metadata).toEqual(plain);
      });

      it('takes several events as one, and answers with the last', async () => {
        const stream = newStream();
        const { revision, position } = await appendTo(store, stream, 0, 3, 'no-stream');
        const read = await all(store.readStream(stream));
        expect(read.map((each) => each.revision)).toEqual([0, 1, 2]);
        expect(read.at(-1)).toMatchObject({ revision, position });
        expect(await store.head()).toBe(position);
      });

      it('makes a stream that must not exist, once', async () => {
        const stream = newStream();
        expect(await appendTo(store, stream, 0, 1, 'no-stream')).toMatchObject({ revision: 0 });
        await expectConflict(appendTo(store, stream, 1, 1, 'no-stream'), stream, 'no-stream', 0);
        expect(await revisions(store, stream)).toEqual([0]);
      });

      it('goes on at the expected revision only', async () => {
        const stream = newStream();
        await appendTo(store, stream, 0, 3, 'no-stream');
        expect(await appendTo(store, stream, 3, 2, 2)).toMatchObject({ revision: 4 });
        await expectConflict(appendTo(store, stream, 5, 1, 2), stream, 2, 4);
        await expectConflict(appendTo(store, stream, 5, 1, 5), stream, 5, 4);
        await expectConflict(appendTo(store, newStream(), 0, 1, 0), undefined, 0, -1);
        expect(await revisions(store, stream)).toEqual([0, 1, 2, 3, 4]);
      });

      it('goes on with a stream that exists, wherever it is', async () => {
        const stream = newStream();
        await expectConflict(appendTo(store, stream, 0, 1, 'stream-exists'), stream, 'stream-exists', -1);
        await appendTo(store, stream, 0, 2, 'no-stream');
        expect(await appendTo(store, stream, 2, 1, 'stream-exists')).toMatchObject({ revision: 2 });
      });

      it('takes anything when anything is expected', async () => {
        const stream = newStream();
        expect(await appendTo(store, stream, 0, 1, 'any')).toMatchObject({ revision: 0 });
        expect(await appendTo(store, stream, 1, 2, 'any')).toMatchObject({ revision: 2 });
      });

      it('lets one of many win who expect the same', async () => {
        const stream = newStream();
        const outcomes = await Promise.allSettled(
          Array.from({ length: 20 }, (_, i) =>
            store.append(stream, [event(stream, i)], { expectedRevision: 'no-stream' }),
          ),
        );
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const outcome of outcomes)
          if (outcome.status === 'rejected')
            expect(outcome.reason).toMatchObject({ name: 'WrongExpectedRevision', actual: 0 });
        expect(await revisions(store, stream)).toEqual([0]);
      });

      it('refuses what no store may hold', async () => {
        const stream = newStream();
        const append = (name: string, events: NewEvent[], expectedRevision = 0) =>
          store.append(name, events, { expectedRevision });
        await expect(append('$settings', [event(stream, 0)])).rejects.toMatchObject({ kind: 'invalid' });
        await expect(append('', [event(stream, 0)])).rejects.toMatchObject({ kind: 'invalid' });
        await expect(append(`${stream}\ud800`, [event(stream, 0)])).rejects.toMatchObject({
          kind: 'invalid',
        });
        await expect(append(stream, [])).rejects.toMatchObject({ kind: 'invalid' });
        await expect(append(stream, [{ ...event(stream, 0), type: '$x' }])).rejects.toMatchObject({
          kind: 'invalid',
        });
        await expect(append(stream, [{ ...event(stream, 0), id: '7' }])).rejects.toMatchObject({
          kind: 'invalid',
        });
        await expect(append(stream, [event(stream, 0)], -1)).rejects.toMatchObject({ kind: 'invalid' });
        await expect(append(stream, [event(stream, 0)], 0.5)).rejects.toMatchObject({ kind: 'invalid' });
        expect(await added()).toEqual([]);
      });
    });

    describe('a repeated append', () => {
      it('is answered as the first time, also when others have appended since', async () => {
        const stream = newStream();
        const first = await appendTo(store, stream, 0, 2, 'no-stream');
        const second = await appendTo(store, stream, 2, 2, 1);
        expect(await appendTo(store, stream, 0, 2, 'no-stream')).toEqual(first);
        expect(await appendTo(store, stream, 2, 2, 1)).toEqual(second);
        await appendTo(store, stream, 4, 3, 3);
        expect(await appendTo(store, stream, 0, 2, 'no-stream')).toEqual(first);
        expect(await appendTo(store, stream, 2, 2, 1)).toEqual(second);
        expect(await revisions(store, stream)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      });

      it('is one when both are under way together', async () => {
        const stream = newStream();
        const both = await Promise.all([
          appendTo(store, stream, 0, 2, 'no-stream'),
          appendTo(store, stream, 0, 2, 'no-stream'),
        ]);
        expect(both[1]).toEqual(both[0]);
        expect(await revisions(store, stream)).toEqual([0, 1]);
      });

      it('is not one with other events, or with more or fewer at another place', async () => {
        const stream = newStream();
        await appendTo(store, stream, 0, 2, 'no-stream');
        await expectConflict(appendTo(store, stream, 7, 2, 'no-stream'), stream, 'no-stream', 1);
        await expectConflict(appendTo(store, stream, 0, 3, 'no-stream'), stream, 'no-stream', 1);
        await expectConflict(appendTo(store, stream, 0, 1, 0), stream, 0, 1);
        const begun = [event(stream, 0), event(stream, 8)];
        await expectConflict(
          store.append(stream, begun, { expectedRevision: 'no-stream' }),
          stream,
          'no-stream',
          1,
        );
      });

      it('is known by its event ids when it names no revision', async () => {
        const stream = newStream();
        const first = await appendTo(store, stream, 0, 2, 'any');
        const second = await appendTo(store, stream, 2, 1, 'stream-exists');
        expect(await appendTo(store, stream, 0, 2, 'any')).toEqual(first);
        expect(await appendTo(store, stream, 2, 1, 'stream-exists')).toEqual(second);
        expect(await appendTo(store, stream, 0, 2, 'stream-exists')).toEqual(first);
        expect(await revisions(store, stream)).toEqual([0, 1, 2]);
        const other = newStream();
        const sameIds = [event(stream, 0), event(stream, 1)];
        await store.append(other, sameIds, { expectedRevision: 'any' });
        expect(await revisions(store, other)).toEqual([0, 1]);
      });

      it('is a conflict when only its first events are known', async () => {
        const stream = newStream();
        await appendTo(store, stream, 0, 2, 'any');
        await expectConflict(appendTo(store, stream, 1, 2, 'any'), stream, 'any', 1);
        await expectConflict(appendTo(store, stream, 1, 2, 'stream-exists'), stream, 'stream-exists', 1);
      });
    });

    describe('readStream', () => {
      it('yields nothing for a stream that does not exist', async () => {
        expect(await all(store.readStream(newStream()))).toEqual([]);
        expect(await all(store.readStream(newStream(), { direction: 'backwards', limit: 1 }))).toEqual([]);
      });

      it('goes both ways, from a revision, up to a limit', async () => {
        const stream = newStream();
        await appendTo(store, stream, 0, 5, 'no-stream');
        const read = async (options: Parameters<EventStore['readStream']>[1]) =>
          (await all(store.readStream(stream, options))).map(({ revision }) => revision);
        expect(await read({})).toEqual([0, 1, 2, 3, 4]);
        expect(await read({ from: 3 })).toEqual([3, 4]);
        expect(await read({ from: 1, limit: 2 })).toEqual([1, 2]);
        expect(await read({ from: 5 })).toEqual([]);
        expect(await read({ limit: 0 })).toEqual([]);
        expect(await read({ direction: 'backwards' })).toEqual([4, 3, 2, 1, 0]);
        expect(await read({ direction: 'backwards', from: 2 })).toEqual([2, 1, 0]);
        expect(await read({ direction: 'backwards', limit: 1 })).toEqual([4]);
        expect(await read({ direction: 'backwards', from: 3, limit: 2 })).toEqual([3, 2]);
      });

      it('can be left early', async () => {
        const stream = newStream();
        await appendTo(store, stream, 0, 300, 'no-stream');
        for await (const { revision } of store.readStream(stream)) if (revision === 2) break;
        expect(await revisions(store, stream)).toHaveLength(300);
      });
    });

    describe('readAll', () => {
      it('has one order for all streams, both ways', async () => {
        const [a, b] = [newStream(), newStream()];
        await appendTo(store, a, 0, 2, 'no-stream');
        await appendTo(store, b, 0, 2, 'no-stream');
        await appendTo(store, a, 2, 1, 1);
        const forwards = await added();
        expect(forwards.map(({ stream, revision }) => [stream, revision])).toEqual([
          [a, 0],
          [a, 1],
          [b, 0],
          [b, 1],
          [a, 2],
        ]);
        expect(isIncreasing(forwards.map(({ position }) => position))).toBe(true);
        const backwards = await all(store.readAll({ direction: 'backwards', limit: 5 }));
        expect(backwards.map(({ id }) => id)).toEqual(forwards.map(({ id }) => id).reverse());
      });

      it('returns what lies beyond a position, up to a limit', async () => {
        const stream = newStream();
        await appendTo(store, stream, 0, 6, 'no-stream');
        const positions = (await added()).map(({ position }) => position);
        const read = async (options: Parameters<EventStore['readAll']>[0]) =>
          (await all(store.readAll(options))).map(({ position }) => positions.indexOf(position));
        expect(await read({ after: positions[2] })).toEqual([3, 4, 5]);
        expect(await read({ after: positions[0], limit: 2 })).toEqual([1, 2]);
        expect(await read({ after: positions[5] })).toEqual([]);
        expect(await read({ ...from(before), limit: 0 })).toEqual([]);
        expect(await read({ direction: 'backwards', after: positions[3], limit: 2 })).toEqual([2, 1]);
      });

      it('takes -1, the head of an empty store, for the place before the first event', async () => {
        if (before >= 0) return leftOut('the store is not empty');
        expect(await all(store.readAll({ after: -1 }))).toEqual([]);
        await appendTo(store, newStream(), 0, 3, 'no-stream');
        const read = async (options: Parameters<EventStore['readAll']>[0]) =>
          (await all(store.readAll(options))).map(({ revision }) => revision);
        expect(await read({ after: -1 })).toEqual([0, 1, 2]);
        expect(await read({ after: -1, limit: 2 })).toEqual([0, 1]);
        expect(await read({ direction: 'backwards', after: -1 })).toEqual([]);
      });

      it('is not read ahead without bound', async () => {
        if (!underTest.handedOut) return leftOut('nobody counts what is handed out');
        const stream = newStream();
        const count = 4_000;
        for (let i = 0; i < count; i += 500) await appendTo(store, stream, i, 500, 'any', 'x'.repeat(500));
        const slow = store.readAll(from(before))[Symbol.asyncIterator]();
        await slow.next();
        const counted = underTest.handedOut();
        // While another reader gets everything through the same store, the slow one would get it, too.
        expect(await added()).toHaveLength(count);
        expect(underTest.handedOut() - counted).toBeLessThan(count + 1_000);
        await slow.return?.();
      });

      it('shows no events of the store itself', async () => {
        const stream = newStream();
        for (let i = 0; i < 20; i++) await appendTo(store, stream, i, 1, 'any');
        await store.deleteStream(newStream(), { expectedRevision: 'any' });
        const seen = [
          ...(await added()),
          ...(await all(store.readAll({ direction: 'backwards', limit: 10 }))),
        ];
        expect(seen.filter((each) => each.type.startsWith('$') || each.stream.startsWith('$'))).toEqual([]);
        expect((await added()).at(-1)?.position).toBe(await store.head());
      });
    });

    describe('subscribeToAll', () => {
      it('catches up and stays live, without gap or repeat, while many append', async () => {
        const writers = 8;
        const each = 60;
        const names = Array.from({ length: writers }, newStream);
        const write = (stream: string) => async () => {
          for (let i = 0; i < each; i++) await appendTo(store, stream, i, 1, i === 0 ? 'no-stream' : i - 1);
        };
        for (const stream of names) await appendTo(store, `${stream}-early`, 0, 30, 'no-stream');
        const early = await store.head();
        const writing = Promise.all(names.map((stream) => write(stream)()));
        const fromStart = collect(store, { ...from(before) }, writers * (each + 30));
        const fromMiddle = collect(store, { after: early, batchSize: 7 }, writers * each);
        await writing;
        const written = await added();
        expect(written).toHaveLength(writers * (each + 30));
        expect((await fromStart).map(({ position }) => position)).toEqual(
          written.map(({ position }) => position),
        );
        expect((await fromMiddle).map(({ id }) => id)).toEqual(
          written.filter(({ position }) => position > early).map(({ id }) => id),
        );
      });

      it('begins with the first event after -1, in a store that is empty and in one that is not', async () => {
        if (before >= 0) return leftOut('the store is not empty');
        const stream = newStream();
        const fromEmpty = collect(store, { after: -1 }, 3);
        await appendTo(store, stream, 0, 3, 'no-stream');
        const first = await added();
        expect((await fromEmpty).map(({ id }) => id)).toEqual(first.map(({ id }) => id));
        expect((await collect(store, { after: -1 }, 3)).map(({ id }) => id)).toEqual(
          first.map(({ id }) => id),
        );
      });

      it('delivers batches of the size asked for at most', async () => {
        await appendTo(store, newStream(), 0, 25, 'no-stream');
        const sizes: number[] = [];
        for await (const batch of store.subscribeToAll({ ...from(before), batchSize: 10 })) {
          sizes.push(batch.length);
          if (sum(sizes) === 25) break;
        }
        expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
      });

      it('is not read ahead without bound when nobody takes the batches', async () => {
        const stream = newStream();
        const count = 4_000;
        for (let i = 0; i < count; i += 500) await appendTo(store, stream, i, 500, 'any', 'x'.repeat(500));
        const slow = store.subscribeToAll({ ...from(before), batchSize: 20 })[Symbol.asyncIterator]();
        expect((await slow.next()).value).not.toHaveLength(0);
        const counted = underTest.handedOut?.() ?? 0;
        // While another reader gets everything through the same store, the slow one would get it, too.
        expect(await collect(store, { ...from(before) }, count)).toHaveLength(count);
        if (underTest.handedOut) expect(underTest.handedOut() - counted).toBeLessThan(count + 1_000);
        let taken = 20;
        while (taken < 1_500) taken += ((await slow.next()).value as RecordedEvent[]).length;
        await slow.return?.();
      });

      it('ends cleanly when aborted: waiting, between batches, and before it began', async () => {
        const waiting = new AbortController();
        const ended = all(store.subscribeToAll({ after: await store.head(), signal: waiting.signal }));
        const ready = collect(store, { ...from(before) }, 1);
        await appendTo(store, newStream(), 0, 1, 'no-stream');
        await ready;
        waiting.abort();
        expect((await ended).flat().length).toBeLessThanOrEqual(1);

        await appendTo(store, newStream(), 0, 50, 'no-stream');
        const between = new AbortController();
        let batches = 0;
        for await (const _ of store.subscribeToAll({
          ...from(before),
          batchSize: 5,
          signal: between.signal,
        })) {
          batches += 1;
          between.abort();
        }
        expect(batches).toBe(1);
        expect(await all(store.subscribeToAll({ signal: AbortSignal.abort() }))).toEqual([]);
      });

      it('begins and resumes after any position', async () => {
        await appendTo(store, newStream(), 0, 10, 'no-stream');
        const positions = (await added()).map(({ position }) => position);
        for (const [i, after] of positions.slice(0, -1).entries()) {
          const next = await collect(store, { after, batchSize: 1 }, 1);
          expect(next[0]?.position).toBe(positions[i + 1]);
        }
      });

      it('survives dropped connections without gap or repeat', async () => {
        if (!underTest.dropConnections) return;
        const stream = newStream();
        const seen = collect(store, { ...from(before), batchSize: 20 }, 600);
        for (let i = 0; i < 600; i += 20) {
          await appendSurely(store, stream, i, 20);
          if (i % 100 === 0) underTest.dropConnections();
        }
        expect((await seen).map(({ revision }) => revision)).toEqual(
          Array.from({ length: 600 }, (_, i) => i),
        );
      });
    });

    describe('deleteStream', () => {
      it('closes a stream for good', async () => {
        const stream = newStream();
        await appendTo(store, stream, 0, 3, 'no-stream');
        await expectConflict(store.deleteStream(stream, { expectedRevision: 1 }), stream, 1, 2);
        await store.deleteStream(stream, { expectedRevision: 2 });
        const deleted = expect.objectContaining({ name: 'StreamDeleted', kind: 'gone', stream });
        await expect(all(store.readStream(stream))).rejects.toEqual(deleted);
        for (const expected of [2, 'no-stream', 'stream-exists', 'any'] as const)
          await expect(appendTo(store, stream, 3, 1, expected)).rejects.toEqual(deleted);
        await expect(appendTo(store, stream, 0, 3, 'no-stream')).rejects.toBeInstanceOf(StreamDeleted);
        await expect(store.deleteStream(stream, { expectedRevision: 'any' })).rejects.toEqual(deleted);
      });

      it('can forbid a name that was never used', async () => {
        const stream = newStream();
        await store.deleteStream(stream, { expectedRevision: 'no-stream' });
        await expect(appendTo(store, stream, 0, 1, 'no-stream')).rejects.toBeInstanceOf(StreamDeleted);
      });
    });

    describe('limits', () => {
      const sized = (stream: string, i: number, bytes: number, letter = 'x'): NewEvent => {
        const small = event(stream, i, '');
        const room = bytes - Buffer.byteLength(JSON.stringify(small.data) + JSON.stringify(small.metadata));
        return event(stream, i, letter.repeat(room / Buffer.byteLength(letter)));
      };

      it('takes an event of the greatest size and none beyond', async () => {
        const stream = newStream();
        const largest = sized(stream, 0, MAX_EVENT_BYTES);
        await store.append(stream, [largest], { expectedRevision: 'no-stream' });
        expect((await all(store.readStream(stream)))[0]?.data).toEqual(largest.data);
        const beyond = sized(stream, 1, MAX_EVENT_BYTES + 1);
        await expect(store.append(stream, [beyond], { expectedRevision: 0 })).rejects.toBeInstanceOf(
          AppendTooLarge,
        );
        const inBytes = sized(stream, 1, MAX_EVENT_BYTES + 3, '顧');
        expect(JSON.stringify(inBytes.data).length).toBeLessThan(MAX_EVENT_BYTES / 2);
        await expect(store.append(stream, [inBytes], { expectedRevision: 0 })).rejects.toBeInstanceOf(
          AppendTooLarge,
        );
        expect(await revisions(store, stream)).toEqual([0]);
      });

      it('takes an append of the greatest size and none beyond', async () => {
        const stream = newStream();
        const quarter = MAX_APPEND_BYTES / 4;
        const events = [0, 1, 2, 3].map((i) => sized(stream, i, quarter));
        await store.append(stream, events, { expectedRevision: 'no-stream' });
        const beyond = [
          ...events.slice(0, 3).map((_, i) => sized(stream, 4 + i, quarter)),
          sized(stream, 7, quarter + 1),
        ];
        await expect(store.append(stream, beyond, { expectedRevision: 3 })).rejects.toBeInstanceOf(
          AppendTooLarge,
        );
        expect(await revisions(store, stream)).toEqual([0, 1, 2, 3]);
      });
    });

    it(`holds ${many.toLocaleString('en')} events and reads them all`, async () => {
      const perAppend = 1_000;
      const perStream = 10_000;
      const template = event('', 0, '');
      const names = newStream();
      for (let i = 0; i < many; i += perAppend) {
        const stream = `${names}-${Math.floor(i / perStream)}`;
        const events = Array.from({ length: perAppend }, (_, k) => ({
          ...template,
          id: `00000000-0000-5000-8000-${String(i + k).padStart(12, '0')}`,
        }));
        const expectedRevision = i % perStream === 0 ? 'no-stream' : (i % perStream) - 1;
        await store.append(stream, events, { expectedRevision });
      }
      let count = 0;
      let last = before;
      let inOrder = true;
      let middle = before;
      const read = (position: number, revision: number) => {
        inOrder &&= position > last && revision === count % perStream;
        last = position;
        count += 1;
        if (count === many / 2) middle = position;
      };
      for await (const { position, revision } of store.readAll(from(before))) read(position, revision);
      expect({ count, inOrder }).toEqual({ count: many, inOrder: true });
      count = many / 2;
      last = middle;
      for await (const batch of store.subscribeToAll(from(middle))) {
        for (const { position, revision } of batch) read(position, revision);
        if (count === many) break;
      }
      expect({ count, inOrder }).toEqual({ count: many, inOrder: true });
      expect(await revisions(store, `${names}-0`)).toHaveLength(Math.min(many, perStream));
    }, 240_000);

    it('answers the appends under way when closed, ends subscriptions, then takes nothing more', async () => {
      const stream = newStream();
      const subscribed = all(store.subscribeToAll(from(before)));
      const pending = Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          store.append(stream, [event(stream, i)], { expectedRevision: 'any' }),
        ),
      );
      await store.close();
      expect(new Set((await pending).map(({ position }) => position)).size).toBe(50);
      await subscribed;
      const unavailable = expect.objectContaining({ name: 'EventStoreUnavailable' });
      await expect(appendTo(store, stream, 51, 1, 'any')).rejects.toEqual(unavailable);
      await expect(all(store.readStream(stream))).rejects.toEqual(unavailable);
      await expect(store.head()).rejects.toBeInstanceOf(EventStoreUnavailable);
      await store.close();
    });
  });
};

export const appendTo = (
  store: EventStore,
  stream: string,
  first: number,
  count: number,
  expectedRevision: Parameters<EventStore['append']>[2]['expectedRevision'],
  text?: string,
) =>
  store.append(
    stream,
    Array.from({ length: count }, (_, i) => event(stream, first + i, text)),
    { expectedRevision },
  );

/** As the command handler does: an append of unknown outcome is sent again as it is. */
export const appendSurely = async (
  store: EventStore,
  stream: string,
  first: number,
  count: number,
): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      await appendTo(store, stream, first, count, first === 0 ? 'no-stream' : first - 1);
      return;
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable) || attempt === 500) throw error;
      await delay(20);
    }
  }
};

export const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
};

/** The first so many events of a subscription. */
export const collect = async (
  store: EventStore,
  options: Parameters<EventStore['subscribeToAll']>[0],
  count: number,
): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const batch of store.subscribeToAll(options)) {
    events.push(...batch);
    if (events.length >= count) break;
  }
  return events;
};

const revisions = async (store: EventStore, stream: string): Promise<number[]> =>
  (await all(store.readStream(stream))).map(({ revision }) => revision);

/** Says which part of the contract was not tried; on the store of a test of its own all of it is. */
const leftOut = (why: string): void => console.warn(`Left out: ${why}: ${expect.getState().currentTestName}`);

/** Beyond the head of a store that may have been empty. */
const from = (head: number): { after?: number } => (head < 0 ? {} : { after: head });

const expectConflict = async (
  attempt: Promise<unknown>,
  stream: string | undefined,
  expected: unknown,
  actual: number,
): Promise<void> => {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WrongExpectedRevision);
  expect(error).toMatchObject({ expected, actual, ...(stream === undefined ? {} : { stream }) });
};

const isIncreasing = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] as number));

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
