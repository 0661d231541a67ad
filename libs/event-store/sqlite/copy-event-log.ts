import { copySqlite } from '#sqlite/copy-sqlite';
import { CommitTable } from './commit-table.js';

/** Copies the log of a running store as it was at the beginning, and says the position of its last event. */
export const copyEventLog = (
  file: string,
  target: string,
  onProgress: (done: number, of: number) => void,
): Promise<number> =>
  copySqlite(file, target, {
    look: (db) => {
      for (const { position } of new CommitTable(db).backFrom(Number.MAX_SAFE_INTEGER)) return position;
      return -1;
    },
    onProgress,
  });

/** Copies the checkpoints as they were at the beginning. */
export const copyCheckpoints = (file: string, target: string): Promise<void> =>
  copySqlite(file, target, { look: () => undefined });
