import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream } from '#event-stream/in-process/in-process-stream';
import { event, newStream } from './event-store-events.js';
import { eventStreamContract } from './event-stream.contract.js';

const AT_ONCE = 10;

eventStreamContract('the event store in the process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'perennial-'));
  const store = new SqliteEventStore(join(directory, 'events.db'));
  const stream = newStream();
  const positions: number[] = [];
  return {
    stream: new InProcessStream(store, AT_ONCE),
    append: async (events) => {
      for (let i = 0; i < events; i++) {
        const revision = positions.length - 1;
        const { position } = await store.append(stream, [event(stream, positions.length)], {
          expectedRevision: revision < 0 ? 'no-stream' : revision,
        });
        positions.push(position);
      }
      return positions;
    },
    known: async () => {},
    tearDown: async () => {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
});
