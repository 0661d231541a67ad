import { basename, dirname, join } from 'node:path';
import { entries, tableDirectories } from './engine-files.js';
import type { Warehouse } from './warehouse.js';

const BROKEN = /^broken-on-start_(.+?)(_try\d+)?$/;

/** What is said of broken parts, at every start until somebody removes them. */
export const LAID_ASIDE =
  'parts of tables were found broken and laid aside: if no older parts stood in for them, their rows are missing ' +
  '(`perennial verify` says what to do)';

/** A part that was laid aside, as the engine tells it. */
export interface LaidAside {
  readonly table: string;
  readonly part: string;
  /** What brings its rows back, if they are missing. */
  readonly repair: string;
  /** What removes it, afterwards. */
  readonly remove: string;
}

/** Parts of our tables that the engine, embedded or a server, found broken and laid aside; on a cluster those of one server. */
export const partsLaidAside = async (warehouse: Pick<Warehouse, 'rows'>): Promise<LaidAside[]> => {
  const parts = await warehouse.rows<{ table: string; part: string }>(
    `SELECT table, name AS part FROM system.detached_parts
     WHERE database = 'crm' AND reason LIKE '%broken%' ORDER BY table, part`,
  );
  return parts.map(({ table, part }) => ({
    table: `crm.${table}`,
    part,
    repair: repairOf(table),
    remove: `ALTER TABLE crm.${table} DROP DETACHED PART '${part}' SETTINGS allow_drop_detached = 1`,
  }));
};

const repairOf = (table: string): string => {
  if (table === 'events' || table === 'dead_letters') return 'perennial verify --repair';
  const [, projection] = /^(\w+)_v\d+$/.exec(table) ?? [];
  return projection ? `perennial projection rebuild ${projection}` : 'docs/how-to/repair.md';
};

/** The directories of parts that the engine found broken when it started, and laid aside: their rows are in no table. */
export const brokenParts = (directory: string): string[] =>
  tableDirectories(directory)
    .flatMap((table) => entries(join(table, 'detached')))
    .filter((part) => BROKEN.test(basename(part)));

/** Where a part stood before it was laid aside. */
export const placeBefore = (broken: string): string =>
  join(dirname(dirname(broken)), basename(broken).replace(BROKEN, '$1'));
