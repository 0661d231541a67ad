import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { brokenParts, placeBefore } from './broken-parts.js';
import { entries, tableDirectories } from './engine-files.js';

/** The numbers of the blocks that a part holds, by its name: of `all_3_7_1`, or `all_3_7_1_9` after a mutation, 3 to 7. */
interface Blocks {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
}

/**
 * The deduplication tokens of an engine's directory. The engine writes the token of an insert before it gives the part
 * its name, so that a kill between the two leaves a token without rows; so does a part that it lays aside because it is
 * broken. Either way it would pass over the same insert when that is sent again. It reads its tokens when it opens:
 *
 *     const tokens = new DeduplicationTokens(directory);
 *     tokens.forgetOrphaned();
 *     open(); if (tokens.mayBeOrphaned) { close(); tokens.forgetOrphaned(); open(); }
 *
 * Whoever does so must be the only one who has the directory, and the engine closed: merges exchange parts.
 */
export class DeduplicationTokens {
  /** Of each table, before the engine has opened: afterwards it may merge parts around one that it has laid aside. */
  private readonly parts: ReadonlyMap<string, readonly string[]>;
  private readonly broken: ReadonlySet<string>;

  constructor(private readonly directory: string) {
    this.parts = new Map(tableDirectories(directory).map((table) => [table, entries(table)]));
    this.broken = new Set(brokenParts(directory));
  }

  /** The engine has laid parts aside since this was made. */
  get mayBeOrphaned(): boolean {
    return this.laidAside().length > 0;
  }

  /** Takes tokens whose rows are in no part out of the engine's logs. */
  forgetOrphaned(): void {
    const gone = new Set(this.laidAside().map(placeBefore));
    for (const [table, parts] of this.parts) {
      const logs = entries(join(table, 'deduplication_logs'));
      if (logs.length === 0) continue;
      const present = outermost(
        parts.filter((part) => !gone.has(part)).flatMap((part) => blocksOf(basename(part)) ?? []),
      );
      for (const log of logs) rewrite(log, join(table, 'deduplication-draft'), present);
    }
  }

  private laidAside(): string[] {
    return brokenParts(this.directory).filter((part) => !this.broken.has(part));
  }
}

type Present = ReadonlyMap<string, readonly Blocks[]>;

/**
 * Line by line `1 <part> <token>`, `2` where the part was dropped. What is not a whole line was torn when it was written:
 * the engine would read nothing behind it. It reads every file in there, so the draft stands beside.
 */
const rewrite = (log: string, draft: string, present: Present): void => {
  const text = readFileSync(log, 'latin1'); // as many bytes as characters
  const kept: string[] = [];
  let from = 0;
  const keep = (to: number) => {
    if (to > from) kept.push(text.slice(from, to));
  };
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end + 1;
    if (end < 0 || !isKept(text.slice(at, end), present)) {
      keep(at);
      from = next;
    }
    at = next;
  }
  if (from === 0) return;
  keep(text.length);
  writeFileSync(draft, kept.join(''), { encoding: 'latin1', flush: true });
  renameSync(draft, log);
};

const isKept = (line: string, present: Present): boolean => {
  const name = line.indexOf('\t') + 1;
  const token = line.indexOf('\t', name) + 1;
  if (name !== 2 || token === 0 || line.indexOf('\t', token) >= 0) return false;
  const blocks = blocksOf(line.slice(name, token - 1));
  return !blocks || isIn(present, blocks);
};

/** Undefined for what is no part, or one that is not finished or on its way out: `tmp_insert_all_3_3_0`. */
const blocksOf = (name: string): Blocks | undefined => {
  const first = name.indexOf('_') + 1;
  const last = name.indexOf('_', first) + 1;
  const level = name.indexOf('_', last) + 1;
  if (first === 0 || last === 0 || level === 0) return undefined;
  const blocks = {
    partition: name.slice(0, first - 1),
    first: Number(name.slice(first, last - 1)),
    last: Number(name.slice(last, level - 1)),
  };
  return Number.isInteger(blocks.first) && Number.isInteger(blocks.last) ? blocks : undefined;
};

/** What a merge replaced may still stand beside its result. Of two parts one holds the other's blocks, or none of them. */
const outermost = (parts: readonly Blocks[]): Present => {
  const byPartition = new Map<string, Blocks[]>();
  for (const part of [...parts].sort((a, b) => a.first - b.first || b.last - a.last)) {
    const others = byPartition.get(part.partition) ?? [];
    byPartition.set(part.partition, others);
    if ((others.at(-1)?.last ?? -1) < part.last) others.push(part);
  }
  return byPartition;
};

const isIn = (present: Present, { partition, first, last }: Blocks): boolean =>
  (present.get(partition) ?? []).some((part) => part.first <= first && last <= part.last);
