import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EventLog } from '#event-store/sqlite/event-log';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { runTs } from '../support/run-ts.js';
import { all, appendTo, eventStoreContract } from './event-store.contract.js';

/** Counts what is fetched from the file, and fetches it all the same. */
let handedOut = 0;
const { eventsAfter } = EventLog.prototype;
EventLog.prototype.eventsAfter = function (this: EventLog, ...options) {
  const events = eventsAfter.apply(this, options);
  handedOut += events.length;
  return events;
};

eventStoreContract(
  'SQLite',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    const store = new SqliteEventStore(join(folder, 'events.db'));
    return {
      store,
      handedOut: () => handedOut,
      tearDown: async () => {
        await store.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
  { many: 1_000_000 },
);

describe('the file of the event store', () => {
  it('may be written by several processes, of which some are killed: what was acknowledged is there once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    const file = join(folder, 'events.db');
    const store = new SqliteEventStore(file);
    const writers = ['one', 'two'].map((stream) => ({
      stream,
      process: runTs('test/contract/event-store-writer.child.ts', [file, stream]),
    }));
    for (const { process } of writers) await process.waitForLine(/^appended 20$/);
    for (let i = 0; i < 50; i++) await appendTo(store, 'ours', i, 1, i === 0 ? 'no-stream' : i - 1);
    for (const { process } of writers) await process.kill();

    for (const { stream, process } of writers) {
      const acknowledged = Number(process.lines.at(-1)?.split(' ')[1]);
      const kept = (await all(store.readStream(stream))).map(({ revision }) => revision);
      expect(kept).toEqual(kept.map((_, i) => i));
      // More may be there: what a killed process had still to say is lost with it.
      expect(kept.length - 1).toBeGreaterThanOrEqual(acknowledged);
    }
    expect(await all(store.readStream('ours'))).toHaveLength(50);
    const positions = (await all(store.readAll())).map(({ position }) => position);
    expect(positions).toEqual(positions.map((_, i) => i + 1));
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
