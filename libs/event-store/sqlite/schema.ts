import type { Migration } from '#sqlite/open-sqlite';

/** The event store's file. Nothing is ever deleted from it: positions have no gaps. */
export const migrations: readonly Migration[] = [
  `-- The log: a row holds events that were committed together, see commit-row.ts.
  CREATE TABLE commits (
    position    INTEGER PRIMARY KEY, -- of its first event
    recorded_at INTEGER NOT NULL,    -- milliseconds since 1970, UTC
    events      TEXT    NOT NULL     -- two lines of JSON for each event
  ) STRICT;
  -- Which stream each event belongs to, as hashes: see stream-index.ts.
  CREATE TABLE stream_index (
    chunk  INTEGER PRIMARY KEY,
    hashes BLOB NOT NULL
  ) STRICT;
  -- Streams that are closed for good; their events stay in the log.
  CREATE TABLE deleted_streams (
    stream     TEXT PRIMARY KEY,
    deleted_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`,
];
