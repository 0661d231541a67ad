import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EventStream, StreamBatch } from '#event-stream/event-stream';

/** A stream that is empty at first. */
export interface StreamUnderTest {
  readonly stream: EventStream;
  /** Brings so many more events, some at a time, to where readers see them; returns the positions of all there are. */
  append(events: number): Promise<readonly number[]>;
  /** Resolves when `positionBelow` knows of all that was appended. */
  known(): Promise<void>;
  tearDown(): Promise<void>;
}

interface Reading {
  readonly resumed: readonly { readonly partition: number; readonly generation: number }[];
  readonly batches: readonly StreamBatch[];
  /** Per partition, the first offset that was not read. */
  readonly next: ReadonlyMap<number, number>;
}

/** What every adapter of the event stream must do. */
export const eventStreamContract = (adapter: string, setUp: () => Promise<StreamUnderTest>): void => {
  describe(`the event stream on ${adapter}`, () => {
    let underTest: StreamUnderTest;
    let stream: EventStream;
    beforeEach(async () => {
      underTest = await setUp();
      ({ stream } = underTest);
    });
    afterEach(() => underTest.tearDown());

    /** Reads all that is there, looking at what every batch must be. */
    const readFrom = async (
      from: (partition: number) => number,
      taken = async () => {},
    ): Promise<Reading> => {
      const ended = new AbortController();
      const resumed: { partition: number; generation: number }[] = [];
      const batches: StreamBatch[] = [];
      const next = new Map<number, number>();
      const highs = await stream.watermarks();
      const consumption = stream.consume({
        signal: ended.signal,
        resumeAt: async (partition, generation) => {
          resumed.push({ partition, generation });
          next.set(partition, from(partition));
          endWhenRead();
          return from(partition);
        },
      });
      const endWhenRead = () => {
        if ([...highs].every(([partition, { high }]) => (next.get(partition) ?? -1) >= high)) ended.abort();
      };
      for await (const batch of consumption) {
        expect(batch.first).toBe(next.get(batch.partition));
        expect(batch.last).toBeGreaterThanOrEqual(batch.first);
        const offsets = batch.records.map(({ offset }) => offset);
        expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
        expect(offsets.every((offset) => offset >= batch.first && offset <= batch.last)).toBe(true);
        batches.push(batch);
        next.set(batch.partition, batch.last + 1);
        await taken();
        endWhenRead();
      }
      return { resumed, batches, next };
    };

    const positions = ({ batches }: Pick<Reading, 'batches'>, partition?: number): number[] =>
      batches
        .filter((batch) => partition === undefined || batch.partition === partition)
        .flatMap(({ records }) => records.map(({ line }) => JSON.parse(line).position));

    const rising = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

    it('brings every event once, a partition in its order, in batches that leave out no offset', async () => {
      const appended = await underTest.append(100);
      const read = await readFrom(() => 0);
      expect(rising(positions(read))).toEqual(appended);
      expect(read.batches.length).toBeGreaterThan(3);
      for (const { partition } of read.resumed)
        expect(positions(read, partition)).toEqual(rising(positions(read, partition)));
    });

    it('says with every batch of which generation it is, and since when it waits', async () => {
      await underTest.append(20);
      const { resumed, batches } = await readFrom(() => 0);
      for (const { partition, generation, recordedAt, records } of batches) {
        expect(resumed).toContainEqual({ partition, generation });
        if (records[0]) expect(recordedAt).toBe(Date.parse(JSON.parse(records[0].line).recorded_at));
      }
    });

    it('goes on exactly where the consumer resumes, again and again', async () => {
      await underTest.append(60);
      const all = await readFrom(() => 0);
      const middle = new Map(
        all.resumed.map(({ partition }) => {
          const records = all.batches.flatMap((batch) =>
            batch.partition === partition ? batch.records : [],
          );
          return [partition, records[Math.floor(records.length / 2)]?.offset ?? 0];
        }),
      );
      const rest = await readFrom((partition) => middle.get(partition)!);
      const expected = all.batches.flatMap(({ partition, records }) =>
        records.filter(({ offset }) => offset >= middle.get(partition)!).map(({ line }) => line),
      );
      const lines = rest.batches.flatMap(({ records }) => records.map(({ line }) => line));
      expect(lines.sort()).toEqual(expected.sort());
      await underTest.append(10);
      expect(positions(await readFrom((partition) => all.next.get(partition)!))).toHaveLength(10);
    });

    it('stays live, also when the consumer is slow', async () => {
      let appended = await underTest.append(10);
      const ended = new AbortController();
      const seen: number[] = [];
      const consumption = stream.consume({ signal: ended.signal, resumeAt: async () => 0 });
      for await (const batch of consumption) {
        seen.push(...positions({ batches: [batch] }));
        if (seen.length < appended.length) continue;
        if (appended.length < 100) appended = await underTest.append(30);
        else ended.abort();
      }
      expect(rising(seen)).toEqual(appended);
    });

    it('ends when it is told to: while it waits, and while a batch is held', async () => {
      await underTest.append(10);
      for (const held of [true, false]) {
        const ended = new AbortController();
        let batches = 0;
        for await (const _ of stream.consume({ signal: ended.signal, resumeAt: async () => 0 })) {
          batches += 1;
          if (held) ended.abort();
          else setImmediate(() => ended.abort());
        }
        expect(batches).toBeGreaterThan(0);
      }
    });

    it('fails with what keeps the consumer from resuming', async () => {
      const failure = new Error('Events would be lost');
      const { signal } = new AbortController();
      const resumeAt = () => Promise.reject(failure);
      const consumption = stream.consume({ signal, resumeAt })[Symbol.asyncIterator]();
      await expect(consumption.next()).rejects.toBe(failure);
      expect((await consumption.next()).done).toBe(true);
    });

    it('knows up to which position everything lies below given offsets', async () => {
      await underTest.known();
      expect(stream.positionBelow(new Map())).toBe(-1);
      const appended = await underTest.append(50);
      const { batches, next } = await readFrom(() => 0);
      await underTest.known();
      const below = new Map<number, number>();
      const seen = new Set<number>();
      for (const batch of batches) {
        const position = stream.positionBelow(below);
        expect(appended.filter((each) => each <= position && !seen.has(each))).toEqual([]);
        for (const each of positions({ batches: [batch] })) seen.add(each);
        below.set(batch.partition, batch.last + 1);
      }
      expect(stream.positionBelow(next)).toBe(appended.at(-1));
    });

    it('knows from where to where it reaches', async () => {
      const empty = await stream.watermarks();
      expect([...empty.values()].every(({ low, high }) => low === 0 && high === 0)).toBe(true);
      await underTest.append(20);
      const { next } = await readFrom(() => 0);
      for (const [partition, { low, high }] of await stream.watermarks()) {
        expect(low).toBe(0);
        expect(high).toBe(next.get(partition));
      }
    });
  });
};
