import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Warehouse } from './warehouse.js';

const BROKEN = /^broken-on-start_(.+?)(_try\d+)?$/;
/** In a part that was laid aside: its tokens are forgotten. Its name may be given again, to a part that is sound. */
const FORGOTTEN = 'tokens-forgotten';

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
  list(join(directory, 'store'))
    .flatMap((group) => list(group))
    .flatMap((table) => list(join(table, 'detached')))
    .filter((part) => BROKEN.test(nameOf(part)));

/**
 * Takes the deduplication tokens of broken parts out of the engine's logs: it remembers the token of an insert whose
 * rows it laid aside, and would pass over the same insert when it is sent again. The engine reads the logs when it
 * opens a table, so true means: open it anew.
 */
export const forgetTokens = (broken: readonly string[]): boolean => {
  let changed = false;
  for (const part of broken.filter((directory) => !existsSync(join(directory, FORGOTTEN)))) {
    const name = BROKEN.exec(nameOf(part))?.[1];
    for (const log of list(join(dirname(dirname(part)), 'deduplication_logs'))) {
      const lines = readFileSync(log, 'utf8').split('\n');
      const kept = lines.filter((line) => line.split('\t')[1] !== name);
      if (kept.length === lines.length) continue;
      // The engine reads every file in there: the draft stands beside them.
      const draft = join(dirname(dirname(log)), 'deduplication-draft');
      writeFileSync(draft, kept.join('\n'), { flush: true });
      renameSync(draft, log);
      changed = true;
    }
    writeFileSync(join(part, FORGOTTEN), '');
  }
  return changed;
};

const list = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
