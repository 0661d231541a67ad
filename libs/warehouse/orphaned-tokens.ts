import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { entries, tableDirectories } from './engine-files.js';

/** The blocks of a partition that a part holds, by its name: `all_3_7_1`, or `all_3_7_1_9` after a mutation. */
interface Blocks {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
}
/** Parts that are not finished, or on their way out, have names that begin otherwise: `tmp_insert_all_3_3_0`. */
const PART = /^([^_]+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;

/**
 * Takes deduplication tokens whose rows are in no part out of the engine's logs. The engine writes the token of an
 * insert before it gives the part its name, so that a kill between the two leaves a token without rows; so does a part
 * that is laid aside because it is broken. Either way it would pass over the same insert when that is sent again.
 *
 * Only while no engine has the directory open: it reads the logs when it opens a table, and a merge exchanges parts.
 */
export const forgetOrphanedTokens = (directory: string): void => {
  for (const table of tableDirectories(directory)) {
    const logs = entries(join(table, 'deduplication_logs'));
    if (logs.length === 0) continue;
    const present = outermost(entries(table).flatMap((path) => blocksOf(basename(path)) ?? []));
    for (const log of logs) rewrite(log, join(table, 'deduplication-draft'), (token) => isIn(present, token));
  }
};

/** Line by line `1 <part> <token>`, `2` where the part was dropped. The engine reads every file beside it: not the draft. */
const rewrite = (log: string, draft: string, keeps: (blocks: Blocks) => boolean): void => {
  const lines = readFileSync(log, 'utf8').split('\n');
  const kept = lines.filter((line) => {
    const blocks = blocksOf(line.split('\t')[1] ?? '');
    return !blocks || keeps(blocks);
  });
  if (kept.length === lines.length) return;
  writeFileSync(draft, kept.join('\n'), { flush: true });
  renameSync(draft, log);
};

const blocksOf = (name: string): Blocks | undefined => {
  const [, partition, first, last] = PART.exec(name) ?? [];
  return partition === undefined ? undefined : { partition, first: Number(first), last: Number(last) };
};

/** What a merge replaced may still stand beside its result. Of two parts one holds the other's blocks, or none of them. */
const outermost = (parts: readonly Blocks[]): ReadonlyMap<string, readonly Blocks[]> => {
  const byPartition = new Map<string, Blocks[]>();
  for (const part of [...parts].sort((a, b) => a.first - b.first || b.last - a.last)) {
    const others = byPartition.get(part.partition) ?? [];
    byPartition.set(part.partition, others);
    if ((others.at(-1)?.last ?? -1) < part.last) others.push(part);
  }
  return byPartition;
};

const isIn = (present: ReadonlyMap<string, readonly Blocks[]>, { partition, first, last }: Blocks): boolean =>
  (present.get(partition) ?? []).some((part) => part.first <= first && last <= part.last);
