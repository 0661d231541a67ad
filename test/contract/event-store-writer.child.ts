import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { event } from './event-store-events.js';

/** Appends to a stream of its own and tells each revision once it is acknowledged, until it is killed. */
const [file, stream] = process.argv.slice(2) as [string, string];
const store = new SqliteEventStore(file);
for (let i = 0; ; i++) {
  const { revision } = await store.append(stream, [event(stream, i)], {
    expectedRevision: i === 0 ? 'no-stream' : i - 1,
  });
  console.log(`appended ${revision}`);
}
