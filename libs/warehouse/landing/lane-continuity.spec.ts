import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { eventLine } from '#test/support/event-line';
import { MemoryStream } from '#test/support/memory-stream';
import type { Warehouse } from '../warehouse.js';
import { Landing } from './landing.js';

const DEADLINE = 25_000;

/** Events as transactions of so many, each of which uses up one more offset at its end. */
const topic = (events: number, perTransaction: number, from = 0): MemoryStream => {
  const stream = new MemoryStream(1, 5);
  for (let i = from; i < events; i++) {
    stream.append(eventLine(i));
    if ((i - from) % perTransaction === perTransaction - 1) stream.leaveGap(1);
  }
  return stream;
};

describe('a stream that was made anew under the same name', () => {
  const running: Landing[] = [];
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });

  afterEach(async () => {
    for (const landing of running.splice(0)) await landing.stop().catch(() => {});
  });

  const start = (stream: MemoryStream) => {
    const landing = new Landing({ stream, warehouse, log: createLogger('silent'), writer: 'test' });
    running.push(landing);
    return landing;
  };
  const until = async (landing: Landing, condition: () => boolean | Promise<boolean>) => {
    for (const deadline = Date.now() + DEADLINE; !(await condition()); await delay(5))
      if (Date.now() > deadline) throw new Error(`Not in time: ${JSON.stringify(landing.status())}`);
  };
  const positions = async () =>
    (await warehouse.rows<{ position: number }>('SELECT position FROM crm.events ORDER BY position')).map(
      ({ position }) => position,
    );
  const upTo = (events: number) => Array.from({ length: events }, (_, i) => i);
  const landed = async (stream: MemoryStream, events: number) => {
    const landing = start(stream);
    await until(landing, async () => (await positions()).length >= events);
    await until(landing, () => landing.landed().offsets.get(0) === stream.appended - 1);
    await landing.stop();
    expect(await positions()).toEqual(upTo(events));
  };

  it.each([
    ['with more offsets than before, which would double events', 10, 1],
    ['with fewer offsets than before, which would leave events out', 1, 10],
    ['whose last transaction goes further', 20, 30],
  ])('is not landed from: %s', async (_, before, after) => {
    await landed(topic(20, before), 20);
    const landing = start(topic(90, after));
    await until(landing, () => landing.status().state === 'failed');
    expect(landing.status().reason).toMatch(/the stream is not the one that was landed .*repair\.md/);
    expect(await positions()).toEqual(upTo(20));
  });

  it('is not landed from while it is shorter than it was', async () => {
    await landed(topic(20, 5), 20);
    const landing = start(topic(4, 5));
    await until(landing, () => landing.status().state === 'failed');
    expect(landing.status().reason).toContain('ends before offset 4, but was read up to 24');
    expect(await positions()).toEqual(upTo(20));
  });

  it('is not landed from when a claim is open', async () => {
    await landed(topic(20, 5), 20);
    await warehouse.command(
      "INSERT INTO crm.claims (partition, first, last, records, state, writer) VALUES (0, 24, 27, 3, 'claimed', 'x')",
    );
    const landing = start(topic(90, 1));
    await until(landing, () => landing.status().state === 'failed');
    expect(await positions()).toEqual(upTo(20));
  });

  it('is one thing; another is one that goes on, and was landed with holes, letters and later rows', async () => {
    const stream = topic(20, 5);
    stream.append('nonsense');
    await landed(stream, 20);
    // Rows that were lost, at the very end too; and one that a refill gave a place of its own.
    await warehouse.command('DELETE FROM crm.events WHERE position IN (16, 18, 19)');
    await warehouse.command('INSERT INTO crm.events (partition, offset, position) VALUES (0, 23, 19)');
    const landing = start(stream);
    stream.append(eventLine(20));
    await until(landing, async () => (await positions()).includes(20));
    expect(landing.status().state).toBe('landing');
    await landing.stop();
    // What the topic no longer has cannot be compared.
    stream.retainFrom(26);
    stream.append(eventLine(21));
    const later = start(stream);
    await until(later, async () => (await positions()).includes(21));
  });
});
