import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import type { NewEvent } from '#eventing/event';
import type { ExpectedRevision } from '#eventing/event-store';
import { eventId } from '#eventing/ids';
import { inFolder, median, perSecond, report } from './measure.js';

/**
 * Durable appends of single events: 32 writers, each waiting for its acknowledgement, against bare better-sqlite3
 * writing rows of the same bytes in transactions of 100 and of 32, and against emmett-sqlite.
 * The candidates take turns in short rounds, and what counts is the median of the ratios within the rounds, because
 * other programs on the machine disturb all candidates of a round alike.
 *
 * `append.ts [ROUNDS]`; the peer takes part when it is installed, which `npm run bench` sees to.
 */
const ROUNDS = Number(process.argv[2] ?? 30);
const PER_ROUND = 3_200;
const WRITERS = 32;
/** emmett is some hundred times slower; a round is not to last for seconds. */
const PER_ROUND_EMMETT = 64;
const PEERS = resolve('test/bench/peers');
const WITH_PEER = existsSync(join(PEERS, 'node_modules'));

const purchase = (i: number): { stream: string; event: NewEvent } => {
  const orderId = eventId('order', String(i), 0);
  const commandId = eventId('command', String(i), 0);
  const data = {
    orderId,
    customerId: `c-${i % 5000}`,
    kind: 'sale',
    lines: [{ sku: 'sku-12', quantity: 2, unitPrice: { amount: '12.34', currency: 'EUR' } }],
    total: { amount: '24.68', currency: 'EUR' },
    channel: 'web',
  };
  const metadata = {
    customerId: data.customerId,
    occurredAt: '2024-05-01T10:00:00.000Z',
    businessDate: '2024-05-01',
    actor: 'shop',
    commandId,
    correlationId: commandId,
    causationId: null,
  };
  const stream = `purchase-${orderId}`;
  return {
    stream,
    event: { id: eventId(stream, commandId, 0), type: 'PurchaseRecorded', schemaVersion: 1, data, metadata },
  };
};

interface Candidate {
  readonly perRound: number;
  /** Appends so many events, of which the first is the `from`th of this candidate. */
  run(from: number, count: number): Promise<void> | void;
  close(): Promise<void> | void;
}

/** The least that SQLite can do: prepared statements, everything bound as it is, nothing checked. */
const bareSqlite = (folder: string, group: number): Candidate => {
  const db = new Database(join(folder, `bare-${group}.db`));
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(`CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT, revision INTEGER, id TEXT, type TEXT,
    schema_version INTEGER, recorded_at INTEGER, metadata TEXT, data TEXT)`);
  const columns = 'stream, revision, id, type, schema_version, recorded_at, metadata, data';
  const insert = db.prepare(`INSERT INTO events (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`);
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  return {
    perRound: PER_ROUND,
    run: (from, count) => {
      for (let i = from; i < from + count; i += group) {
        begin.run();
        for (const [stream, id, metadata, data] of rows.slice(i, Math.min(i + group, from + count)))
          insert.run(stream, 0, id, 'PurchaseRecorded', 1, 1_714_557_600_000, metadata, data);
        commit.run();
      }
    },
    close: () => {
      db.close();
    },
  };
};

const inTurns = async (
  from: number,
  count: number,
  append: (i: number) => Promise<unknown>,
): Promise<void> => {
  let next = from;
  const writer = async () => {
    while (next < from + count) await append(next++);
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
};

const perennial = (
  folder: string,
  name: string,
  target: (i: number) => [string, ExpectedRevision],
): Candidate => {
  const store = new SqliteEventStore(join(folder, `${name}.db`));
  return {
    perRound: PER_ROUND,
    run: (from, count) =>
      inTurns(from, count, (i) => {
        const [stream, expectedRevision] = target(i);
        return store.append(stream, [(purchases[i] as Purchase).event], { expectedRevision });
      }),
    close: () => store.close(),
  };
};

/**
 * One append after the other on a connection that stays open. Its store object opens the file anew for each append
 * and fails with 'SQL statements in progress' now and then, and crashes when 32 writers use it at once.
 */
const emmett = async (folder: string): Promise<Candidate> => {
  const require = createRequire(join(PEERS, 'package.json'));
  const {
    appendToStream,
    createEventStoreSchema,
    sqliteConnection,
  } = require('@event-driven-io/emmett-sqlite');
  const connection = sqliteConnection({ fileName: join(folder, 'emmett.db') });
  // The connection sets its journal mode without waiting for it.
  await connection.querySingle('PRAGMA journal_mode = WAL');
  await createEventStoreSchema(connection);
  const expectedStreamVersion = 'STREAM_DOES_NOT_EXIST';
  return {
    perRound: PER_ROUND_EMMETT,
    run: async (from, count) => {
      for (const { stream, event } of purchases.slice(from, from + count)) {
        const { success } = await appendToStream(connection, stream, 'purchase', [event], {
          expectedStreamVersion,
        });
        if (!success) throw new Error('emmett-sqlite did not append');
      }
    },
    close: () => connection.close(),
  };
};

type Purchase = ReturnType<typeof purchase>;
const purchases = Array.from({ length: ROUNDS * PER_ROUND }, (_, i) => purchase(i));
const rows = purchases.map(({ stream, event: { id, metadata, data } }) => [
  stream,
  id,
  // As compact as the store keeps them.
  JSON.stringify(Object.values(metadata).map((value, i) => (i === 5 ? 0 : value))),
  JSON.stringify(data),
]);

const HOT = 32;
const BARE = 'better-sqlite3 in groups of 100';
const candidates = async (folder: string): Promise<Record<string, Candidate>> => ({
  [BARE]: bareSqlite(folder, 100),
  'better-sqlite3 in groups of 32': bareSqlite(folder, 32),
  'perennial, new streams': perennial(folder, 'new', (i) => [purchases[i]?.stream ?? '', 'no-stream']),
  'perennial, known streams': perennial(folder, 'hot', (i) => [
    `writer-${i % HOT}`,
    i < HOT ? 'no-stream' : Math.floor(i / HOT) - 1,
  ]),
  'perennial, any revision': perennial(folder, 'any', (i) => [`writer-${i % HOT}`, 'any']),
  ...(WITH_PEER ? { 'emmett-sqlite': await emmett(folder) } : {}),
});

/** Microseconds per event, round by round. */
const times: Record<string, number[]> = {};
await inFolder(async (folder) => {
  const all = Object.entries(await candidates(folder));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { perRound, run }] of all) {
      const start = performance.now();
      await run(round * perRound, perRound);
      times[name] = [...(times[name] ?? []), ((performance.now() - start) * 1_000) / perRound];
    }
  }
  for (const [, { close }] of all) await close();
});

const ratio = (faster: string, slower: string): number =>
  median((times[slower] ?? []).map((time, round) => time / (times[faster]?.[round] ?? Number.NaN)));

for (const [name, values] of Object.entries(times)) report(name, perSecond(1e6 / median(values)));
for (const name of Object.keys(times).filter((each) => each.startsWith('perennial'))) {
  report(`${name} : groups of 100`, ratio(name, BARE).toFixed(2), 'at least 0.5');
  if (WITH_PEER) report(`${name} : emmett-sqlite`, ratio(name, 'emmett-sqlite').toFixed(0), 'at least 20');
}
if (!WITH_PEER) report('emmett-sqlite', 'not installed');
