import { join } from 'node:path';
import Database from 'better-sqlite3';
import { startPerennial } from './built-server.js';
import { inFolder, median, perSecond, report, timed } from './measure.js';

/**
 * Purchases sent as lines, each acknowledged when durable, against the limit of the disk and SQLite: the same bytes
 * as rows, 5,000 in a transaction. In turn, several times.
 */
const ROUNDS = Number(process.argv[2] ?? 5);
const LINES = 10_000;
const REQUESTS = 3;

const line = (number: number): string =>
  JSON.stringify({
    type: 'RecordPurchase',
    id: `bulk-${number}`,
    data: {
      orderId: `order-${number}`,
      customerId: `customer-${number % 20_000}`,
      occurredAt: '2024-05-01',
      total: { amount: '24.68', currency: 'EUR' },
    },
  });

await inFolder(async (dir) => {
  const server = await startPerennial(join(dir, 'data'));
  const db = new Database(join(dir, 'bare.db'));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT, data TEXT)');
  const insert = db.prepare('INSERT INTO events (stream, data) VALUES (?, ?)');
  let next = 0;
  const rates: { ours: number; bare: number }[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const batches = Array.from({ length: REQUESTS }, () => Array.from({ length: LINES }, () => line(next++)));
    const ours = await timed(async () => {
      for (const lines of batches) {
        const response = await fetch(`${server.url}/v1/commands`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body: lines.join('\n'),
        });
        const accepted = (await response.text()).split('"accepted"').length - 1;
        if (accepted !== LINES) throw new Error(`${accepted} of ${LINES} were accepted`);
      }
    });
    const bare = await timed(() => {
      for (const lines of batches)
        for (let from = 0; from < lines.length; from += 5000)
          db.transaction(() => {
            for (const text of lines.slice(from, from + 5000)) insert.run('purchase', text);
          })();
    });
    // The first round warms up.
    if (round >= 0) rates.push({ ours: (REQUESTS * LINES) / ours, bare: (REQUESTS * LINES) / bare });
  }
  await server.stop();
  report('SQLite limit: rows in transactions of 5,000', perSecond(median(rates.map((rate) => rate.bare))));
  const acknowledged = median(rates.map((rate) => rate.ours));
  report(
    'bulk import, acknowledged (landing goes on meanwhile)',
    perSecond(acknowledged),
    'at least 20,000/s',
  );
  report('ratio', median(rates.map((rate) => rate.ours / rate.bare)).toFixed(3));
});
