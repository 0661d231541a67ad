import type { Migration } from '#sqlite/open-sqlite';

export const migrations: readonly Migration[] = [
  `
  -- Which master key wraps the keys below: one row, by which another master key is refused.
  CREATE TABLE master_key (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    fingerprint TEXT NOT NULL
  ) STRICT;

  -- One key per owner, a customer or a stream, wrapped by the master key. In the order of their making, so that
  -- SQLite never moves a row and leaves a copy behind.
  CREATE TABLE keys (
    number INTEGER PRIMARY KEY,
    owner TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    wrapped BLOB NOT NULL
  ) STRICT;

  -- Who can be found by an e-mail address or a telephone number, of which there is only a keyed hash.
  CREATE TABLE look_ups (
    hash BLOB NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (hash, owner)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX look_ups_by_owner ON look_ups (owner);

  -- Owners that were erased: they get no key again.
  CREATE TABLE tombstones (
    owner TEXT PRIMARY KEY,
    erased_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Erasures whose keys are deleted, but after which the file was not yet searched for what SQLite leaves behind.
  CREATE TABLE unsearched (
    erasure INTEGER PRIMARY KEY
  ) STRICT;
  `,
];
