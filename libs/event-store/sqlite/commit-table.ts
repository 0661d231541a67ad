import type { Statement } from 'better-sqlite3';
import type { Sqlite } from '#sqlite/open-sqlite';
import { CommitRow } from './commit-row.js';
import type { StoredEvent } from './stored-event.js';

/** Reads and writes the rows of the log. */
export class CommitTable {
  private readonly inserting: Statement;
  private readonly holding: Statement;
  private readonly upwards: Statement;
  private readonly downwards: Statement;
  private lastRead: CommitRow | undefined;

  constructor(db: Sqlite) {
    const rows = 'SELECT position, recorded_at, events FROM commits WHERE position';
    const holder = '(SELECT max(position) FROM commits WHERE position <= ?)';
    this.inserting = db.prepare('INSERT INTO commits (position, recorded_at, events) VALUES (?, ?, ?)');
    this.holding = db.prepare(`${rows} <= ? ORDER BY position DESC LIMIT 1`).raw();
    this.upwards = db.prepare(`${rows} >= coalesce(${holder}, 1) ORDER BY position`).raw();
    this.downwards = db.prepare(`${rows} <= ? ORDER BY position DESC`).raw();
  }

  insert(position: number, recordedAt: number, events: string): void {
    this.inserting.run(position, recordedAt, events);
  }

  eventAt(position: number): StoredEvent {
    if (!this.lastRead || position < this.lastRead.position || position > this.lastRead.last)
      this.lastRead = rowOf(this.holding.get(position));
    return this.lastRead.event(position);
  }

  /** From a position on; nothing else may be written until the caller has done. */
  *from(position: number): Generator<StoredEvent> {
    for (const raw of this.upwards.iterate(position)) {
      const row = rowOf(raw);
      for (let at = Math.max(position, row.position); at <= row.last; at++) yield row.event(at);
    }
  }

  /** From a position down to the first; nothing else may be written until the caller has done. */
  *backFrom(position: number): Generator<StoredEvent> {
    for (const raw of this.downwards.iterate(position)) {
      const row = rowOf(raw);
      for (let at = Math.min(position, row.last); at >= row.position; at--) yield row.event(at);
    }
  }
}

const rowOf = (raw: unknown): CommitRow =>
  new CommitRow(...(raw as [position: number, recordedAt: number, events: string]));
