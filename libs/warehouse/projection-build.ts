import { availableParallelism } from 'node:os';
import { type Boundary, type Projector, ranges, whilePaused, within } from './boundary.js';
import { feedSelect, type TableProjection, unboundFeed } from './projection-feed.js';
import { createTable } from './projection-file.js';
import { dropFeed, tableOf } from './projection-ledger.js';
import { caughtUp } from './replicas.js';
import type { UpcasterTwin } from './upcaster-twins.js';
import type { Warehouse } from './warehouse.js';

export interface Progress {
  readonly name: string;
  readonly phase: 'backfill' | 'parity';
  /** Ranges of events done, of so many. */
  readonly done: number;
  readonly of: number;
}

export interface BuildOptions {
  readonly onProgress?: (progress: Progress) => void;
  /** Aborts the build: what was built so far is dropped. */
  readonly signal?: AbortSignal;
  /** After how long others take it that whoever builds was killed; default: half a minute. */
  readonly leaseMs?: number;
}

/**
 * Tokens are remembered long enough that no batch can be retried after its own was forgotten; parts that a merge
 * replaced are kept, as for crm.events, so that the next start has them when the merged one proves broken.
 */
export const TABLE_SETTINGS =
  'non_replicated_deduplication_window = 100000, fsync_after_insert = 1, old_parts_lifetime = 480';
/** Events in one statement of the backfill: some seconds at most, so that an abort is heard. */
const RANGE = 2_000_000;

/** A version's table, without rows and without a feed. */
export const createVersion = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
): Promise<void> => {
  const table = tableOf(definition.name, version);
  await warehouse.command(createTable(definition.table.create, table));
  await warehouse.command(`ALTER TABLE ${table} MODIFY SETTING ${TABLE_SETTINGS}`);
};

export const dropVersion = async (warehouse: Warehouse, name: string, version: number): Promise<void> => {
  await dropFeed(warehouse, name, version);
  const check = checkOf(name, version);
  for (const table of [tableOf(name, version), check, expectedOf(check)])
    await warehouse.command(`DROP TABLE IF EXISTS ${table} SYNC`);
};

/** Fills a version with the events within the boundary, inside the engine, range by range. */
export const backfill = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
  twins: readonly UpcasterTwin[],
  boundary: Boundary,
  { onProgress, signal }: BuildOptions,
): Promise<void> => {
  const { name } = definition;
  await caughtUp(warehouse, 'crm.events');
  const parts = await ranges(warehouse, boundary, RANGE);
  for (const [done, part] of parts.entries()) {
    onProgress?.({ name, phase: 'backfill', done, of: parts.length });
    signal?.throwIfAborted();
    // Equal blocks are no repetition here.
    await warehouse.command(
      `INSERT INTO ${tableOf(name, version)}
       SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable', async_insert = 0, max_insert_threads = ${availableParallelism()}
       ${feedSelect(definition, twins, { condition: part })}`,
    );
  }
  onProgress?.({ name, phase: 'backfill', done: parts.length, of: parts.length });
  signal?.throwIfAborted();
};

/** Most rows of which every column is compared. */
const COMPARED_WHOLE = 2_000_000;

const checkOf = (name: string, version: number): string => `${tableOf(name, version)}_check`;
const expectedOf = (check: string): string => `${check}_expected`;

export interface Parity {
  readonly rows: number;
  readonly expectedRows: number;
  readonly equal: boolean;
}

/**
 * Compares a version with the same SELECT over the events, both as of one moment between two batches: a copy of
 * the table (hard links, made at once) is held against what the events say now within the boundary of that moment.
 */
export const parity = async (
  warehouse: Warehouse,
  definition: TableProjection,
  version: number,
  twins: readonly UpcasterTwin[],
  projector: Projector,
): Promise<Parity> => {
  const copy = checkOf(definition.name, version);
  const table = tableOf(definition.name, version);
  // On a cluster it is a plain table here: made `AS` its model it would claim the model's place in Keeper.
  await warehouse.command(createTable(definition.table.create, copy));
  try {
    const boundary = await whilePaused(projector, async (boundary) => {
      await caughtUp(warehouse, table, 'crm.events');
      await warehouse.command(`ALTER TABLE ${copy} ATTACH PARTITION ALL FROM ${table}`);
      if (!projector.mayRepeat) await unboundFeed(warehouse, definition, version, twins);
      return boundary;
    });
    return await compare(
      warehouse,
      definition,
      copy,
      feedSelect(definition, twins, { condition: within(boundary) }),
    );
  } finally {
    await warehouse.command(`DROP TABLE IF EXISTS ${copy} SYNC`);
  }
};

const compare = async (
  warehouse: Warehouse,
  { table }: TableProjection,
  copy: string,
  select: string,
): Promise<Parity> => {
  const columns = await warehouse.rows<{ name: string; type: string }>(`DESCRIBE TABLE ${copy}`);
  const merging = table.engine !== 'MergeTree';
  if (merging) return compareMerged(warehouse, columns, copy, select);
  const compared = await comparedColumns(warehouse, columns, copy);
  const stored = await checksum(
    warehouse,
    compared.map(({ name }) => `\`${name}\``),
    copy,
  );
  const expected = await checksum(warehouse, compared.map(asInserted), `(${select})`);
  return verdict(stored, expected);
};

/**
 * Of millions of rows only the positions of their events: reading all events anew would take as long as the backfill,
 * and what a row says follows from its event, because feeds that depend on anything else are refused.
 */
const comparedColumns = async <Column extends { name: string }>(
  warehouse: Warehouse,
  columns: readonly Column[],
  copy: string,
): Promise<readonly Column[]> => {
  const [count] = await warehouse.rows<{ rows: number }>(`SELECT count() AS rows FROM ${copy}`);
  const positions = columns.filter(({ name }) => name === 'position');
  return (count?.rows ?? 0) > COMPARED_WHOLE && positions.length === 1 ? positions : columns;
};

/** Where the engine folds rows into one, both sides are folded before they are compared. */
const compareMerged = async (
  warehouse: Warehouse,
  columns: readonly { name: string }[],
  copy: string,
  select: string,
): Promise<Parity> => {
  const expected = expectedOf(copy);
  const names = columns.map(({ name }) => `\`${name}\``);
  await warehouse.command(`CREATE TABLE ${expected} AS ${copy}`);
  try {
    await warehouse.command(
      `INSERT INTO ${expected} SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable', async_insert = 0 ${select}`,
    );
    return verdict(
      await checksum(warehouse, names, `${copy} FINAL`),
      await checksum(warehouse, names, `${expected} FINAL`),
    );
  } finally {
    await warehouse.command(`DROP TABLE IF EXISTS ${expected} SYNC`);
  }
};

interface Checksum {
  readonly rows: number;
  readonly hash: string;
}

const checksum = async (
  warehouse: Warehouse,
  columns: readonly string[],
  from: string,
): Promise<Checksum> => {
  const [row] = await warehouse.rows<Checksum>(
    `SELECT count() AS rows, toString(sum(cityHash64(tuple(${columns.join(', ')})))) AS hash FROM ${from}`,
  );
  return row as Checksum;
};

const verdict = (stored: Checksum, expected: Checksum): Parity => ({
  rows: stored.rows,
  expectedRows: expected.rows,
  equal: stored.rows === expected.rows && stored.hash === expected.hash,
});

/** What an INSERT makes of a value of the SELECT: cast to the column's type, its default instead of NULL. */
const asInserted = ({ name, type }: { name: string; type: string }): string => {
  const plain = type.replace(/^LowCardinality\((.*)\)$/, '$1');
  return /^(Nullable|Array|Map|Tuple)\(/.test(plain)
    ? `CAST(\`${name}\` AS ${plain})`
    : `ifNull(CAST(\`${name}\` AS Nullable(${plain})), defaultValueOfTypeName('${plain.replaceAll("'", "''")}'))`;
};
