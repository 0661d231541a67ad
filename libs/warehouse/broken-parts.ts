import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const BROKEN = /^broken-on-start_(.+?)(_try\d+)?$/;
/** In a part that was laid aside: its tokens are forgotten. Its name may be given again, to a part that is sound. */
const FORGOTTEN = 'tokens-forgotten';

/** What is said of broken parts, at every start until somebody removes their directories. */
export const LAID_ASIDE =
  'parts were found broken and laid aside: if no older parts stood in for them, their rows are missing ' +
  '(run `perennial verify`, then `perennial refill`, rebuild the projections concerned, and remove these directories)';

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
