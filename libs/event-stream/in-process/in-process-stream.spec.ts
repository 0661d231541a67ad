import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import type { StreamBatch } from '#event-stream/event-stream';
import { appendSales, sale } from '#test/support/sales';
import { landingProblem } from '../landing-problem.js';
import { InProcessStream } from './in-process-stream.js';

describe('the event store as a stream', () => {
  let dir: string;
  let store: SqliteEventStore;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'perennial-'));
    store = new SqliteEventStore(join(dir, 'events.db'));
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const read = async (from: number, until: number, batchSize = 10): Promise<StreamBatch[]> => {
    const ended = new AbortController();
    const batches: StreamBatch[] = [];
    const stream = new InProcessStream(store, batchSize);
    for await (const batch of stream.consume({ signal: ended.signal, resumeAt: async () => from })) {
      batches.push(batch);
      if (batch.last >= until) ended.abort();
    }
    return batches;
  };

  it('brings every event from where it is resumed, in batches that leave out no offset', async () => {
    await appendSales(store, 0, 25);
    const batches = await read(0, 25);
    expect(batches.map(({ first, last }) => [first, last])).toEqual([
      [0, 10],
      [11, 20],
      [21, 25],
    ]);
    expect(batches.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(
      Array.from({ length: 25 }, (_, i) => i + 1),
    );
    expect((await read(12, 25)).map(({ first, last }) => [first, last])).toEqual([
      [12, 21],
      [22, 25],
    ]);
  });

  it('stays live', async () => {
    const reading = read(0, 3);
    await appendSales(store, 0, 1);
    await appendSales(store, 1, 2);
    const batches = await reading;
    expect(batches.flatMap(({ records }) => records)).toHaveLength(3);
  });

  it('gives lines that can be landed as they are', async () => {
    await store.append('sale-ü "1"', [sale(1, 'a "note"\n 🌷'), { ...sale(2), data: [1, 'x'] }], {
      expectedRevision: 'no-stream',
    });
    const [batch] = await read(0, 2);
    const [first, second] = batch!.records.map(({ line }) => line);
    expect(landingProblem(first!)).toBeUndefined();
    expect(landingProblem(second!)).toBeUndefined();
    expect(JSON.parse(first!)).toMatchObject({
      position: 1,
      stream: 'sale-ü "1"',
      revision: 0,
      customer_id: 'customer-1',
      causation_id: '',
      data: { amount: '1.00', note: 'a "note"\n 🌷' },
    });
    expect(JSON.parse(second!).data).toBe('[1,"x"]');
  });

  it('knows its watermarks', async () => {
    const stream = new InProcessStream(store);
    expect(await stream.watermarks()).toEqual(new Map([[0, { low: 0, high: 0 }]]));
    const last = await appendSales(store, 0, 5);
    expect(await stream.watermarks()).toEqual(new Map([[0, { low: 0, high: last + 1 }]]));
    expect(stream.positionBelow(new Map([[0, last + 1]]))).toBe(last);
    expect(stream.positionBelow(new Map())).toBe(-1);
  });
});
