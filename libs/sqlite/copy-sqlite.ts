import Database from 'better-sqlite3';
import type { Sqlite } from './open-sqlite.js';

/** Copied in one go; between two of them others have their turn. */
const PAGES = 256;

export interface CopyOptions<Seen> {
  /** Looks into exactly what is copied. */
  readonly look: (db: Sqlite) => Seen;
  readonly onProgress?: (done: number, of: number) => void;
}

/**
 * Copies a file that others use, as it was at the beginning: the copy begins with a read transaction, which no
 * commit of others disturbs. Until it ends the write-ahead log grows, and cannot be truncated.
 */
export const copySqlite = async <Seen>(
  file: string,
  target: string,
  { look, onProgress = () => {} }: CopyOptions<Seen>,
): Promise<Seen> => {
  const db = new Database(file, { fileMustExist: true });
  try {
    db.exec('BEGIN');
    // The transaction takes its snapshot with its first read.
    db.prepare('SELECT count(*) FROM sqlite_schema').get();
    const seen = look(db);
    await db.backup(target, {
      progress: ({ totalPages, remainingPages }) => {
        onProgress(totalPages - remainingPages, totalPages);
        return PAGES;
      },
    });
    return seen;
  } finally {
    db.close();
  }
};
