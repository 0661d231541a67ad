import type { Statement } from 'better-sqlite3';
import type { Sqlite } from './open-sqlite.js';

export interface GroupCommitHooks {
  /** After the transaction has begun and before the first unit; nobody else can write from here on. */
  begun?(): void;
  /** After the last unit, still in the transaction. */
  ending?(): void;
  /** After the commit is durable and before the units' promises settle. */
  committed?(): void;
  /** Whatever the units changed in memory since `begun` must be undone: the file has forgotten it. */
  rolledBack?(): void;
  /** What the callers see when a unit or the commit throws; after the latter the outcome may be unknown. */
  failed?(error: unknown): Error | undefined;
}

interface Unit {
  readonly work: () => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds how long one transaction keeps the event loop waiting. */
const MAX_UNITS = 1_000;

/**
 * Commits what concurrent callers write in one transaction, because a commit costs one sync of the disk
 * however much is in it. A caller's promise settles after that sync.
 *
 * A unit of work is synchronous. To refuse, it returns an Error before it has written anything; a unit that throws
 * is undone without harm to the others, but then all of them run again, each in a transaction of its own.
 */
export class GroupCommit {
  private readonly begin: Statement;
  private readonly commit: Statement;
  private readonly rollback: Statement;
  private queue: Unit[] = [];
  private closed = false;

  constructor(
    private readonly db: Sqlite,
    private readonly hooks: GroupCommitHooks = {},
  ) {
    this.begin = db.prepare('BEGIN IMMEDIATE');
    this.commit = db.prepare('COMMIT');
    this.rollback = db.prepare('ROLLBACK');
  }

  run<T>(work: () => T): Promise<Exclude<T, Error>> {
    if (this.closed) return Promise.reject(new Error('The file is closed.'));
    return new Promise((resolve, reject) => {
      // An immediate runs when the promises now settling and the requests now arriving had their turn to join.
      if (this.queue.length === 0) setImmediate(this.flush);
      this.queue.push({ work, resolve, reject });
    });
  }

  /** Commits what is queued and takes nothing more; the caller closes the database. */
  close(): void {
    this.closed = true;
    while (this.queue.length > 0) this.flush();
  }

  private readonly flush = (): void => {
    const units = this.queue;
    this.queue = units.length > MAX_UNITS ? units.splice(MAX_UNITS) : [];
    if (this.queue.length > 0) setImmediate(this.flush);
    if (units.length === 0) return;
    try {
      const outcomes = this.together(units);
      for (let i = 0; i < units.length; i++)
        settle(units[i] as Unit, outcomes ? outcomes[i] : this.alone(units[i] as Unit));
    } catch (error) {
      for (const unit of units) unit.reject(this.seen(error));
    }
  };

  /** Undefined when a unit threw: then nothing is committed. */
  private together(units: readonly Unit[]): unknown[] | undefined {
    return this.inTransaction(() => {
      const outcomes: unknown[] = [];
      for (const { work } of units) {
        try {
          outcomes.push(work());
        } catch {
          return undefined;
        }
      }
      return outcomes;
    });
  }

  private alone({ work }: Unit): unknown {
    try {
      return this.inTransaction(() => [work()])?.[0];
    } catch (error) {
      return this.seen(error);
    }
  }

  /** Commits, unless the outcomes are undefined. */
  private inTransaction(work: () => unknown[] | undefined): unknown[] | undefined {
    this.begin.run();
    let outcomes: unknown[] | undefined;
    try {
      this.hooks.begun?.();
      outcomes = work();
      if (outcomes) {
        this.hooks.ending?.();
        this.commit.run();
      } else this.undo();
    } catch (error) {
      this.undo();
      throw error;
    }
    if (outcomes) this.hooks.committed?.();
    return outcomes;
  }

  private undo(): void {
    // A full disk, for one, has ended the transaction already.
    if (this.db.inTransaction) this.rollback.run();
    this.hooks.rolledBack?.();
  }

  private seen(error: unknown): Error {
    const seen = this.hooks.failed?.(error) ?? error;
    return seen instanceof Error ? seen : new Error(String(seen));
  }
}

const settle = (unit: Unit, outcome: unknown): void => {
  if (outcome instanceof Error) unit.reject(outcome);
  else unit.resolve(outcome as never);
};
