import type { Statement } from 'better-sqlite3';
import type { Sqlite } from './open-sqlite.js';

/** Notices when somebody else, another process above all, has written to a file of which a copy is kept in memory. */
export class OtherWriters {
  private readonly dataVersion: Statement;
  private seen = -1;
  private lookedJustNow = false;

  constructor(db: Sqlite) {
    this.dataVersion = db.prepare('PRAGMA data_version').pluck();
  }

  /** Whether anybody has, since this was asked last; yes at first. */
  haveWritten(): boolean {
    const version = this.dataVersion.get() as number;
    if (version === this.seen) return false;
    this.seen = version;
    return true;
  }

  /**
   * The same for readers, who look once until the current callback and its promises are through: before then nobody
   * can have told this process what another one wrote meanwhile. A batch starts hundreds of reads in one callback,
   * and each look takes and releases locks of the file.
   */
  mayHaveWritten(): boolean {
    if (this.lookedJustNow) return false;
    const written = this.haveWritten();
    this.lookedJustNow = true;
    process.nextTick(this.lookAgain);
    return written;
  }

  private readonly lookAgain = (): void => {
    this.lookedJustNow = false;
  };
}
