import type { NewEvent, RecordedEvent } from '#eventing/event';
import {
  type AppendResult,
  type EventStore,
  EventStoreUnavailable,
  type ExpectedRevision,
  type ReadAllOptions,
  type ReadStreamOptions,
  StreamDeleted,
  type SubscribeOptions,
} from '#eventing/event-store';
import { GroupCommit } from '#sqlite/group-commit';
import { openSqlite, type Sqlite } from '#sqlite/open-sqlite';
import { appendProblem, expectedRevisionProblem, sizeProblem, streamProblem } from '../append-rules.js';
import { EventLog, type WritableEvent } from './event-log.js';
import { migrations } from './schema.js';
import { Waiters } from './waiters.js';

/** Events fetched in one go: enough to be fast, few enough not to keep the event loop waiting. */
const PAGE = 1_000;

/** 16 MiB of log before it is copied into the file, where 4 are usual: a fifth more events per second. */
const CHECKPOINT_PAGES = 4_000;

/** The event store in one SQLite file; several processes may open it, one at a time writes. */
export class SqliteEventStore implements EventStore {
  private readonly db: Sqlite;
  private readonly log: EventLog;
  private readonly commits: GroupCommit;
  private readonly appended = new Waiters();
  private closed = false;

  constructor(file: string) {
    this.db = openSqlite(file, { migrations });
    this.db.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    this.log = new EventLog(this.db);
    let head = this.log.head;
    this.commits = new GroupCommit(this.db, {
      begun: () => this.log.catchUp(),
      ending: () => this.log.flush(),
      committed: () => {
        this.log.committed();
        if (this.log.head > head) this.appended.wake();
        head = this.log.head;
      },
      rolledBack: () => this.log.rolledBack(),
      failed: unavailable,
    });
  }

  append(
    stream: string,
    events: readonly NewEvent[],
    { expectedRevision }: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    if (this.closed) return Promise.reject(new EventStoreUnavailable('The event store is closed.'));
    const writables = events.map(writable);
    const problem = appendProblem(stream, events, expectedRevision) ?? sizeProblem(writables);
    if (problem) return Promise.reject(problem);
    return this.commits.run(() => this.log.append(stream, writables, expectedRevision));
  }

  async *readStream(
    stream: string,
    { direction = 'forwards', from, limit = Number.POSITIVE_INFINITY }: ReadStreamOptions = {},
  ): AsyncGenerator<RecordedEvent> {
    this.openLog().catchUpToRead();
    if (this.log.isDeleted(stream)) throw new StreamDeleted(stream);
    const positions = this.log.candidates(stream);
    const forwards = direction === 'forwards';
    const start = from ?? (forwards ? 0 : positions.length - 1);
    const step = forwards ? 1 : -1;
    let returned = 0;
    // A candidate of another stream moves the revision r to a place behind the r-th, never before it.
    for (let at = forwards ? start : positions.length - 1; returned < limit; at += step) {
      const position = positions[at];
      if (position === undefined) return;
      if (returned > 0 && returned % PAGE === 0) await turn();
      const event = this.openLog().eventAt(position);
      if (event.stream !== stream || (forwards ? event.revision < start : event.revision > start)) continue;
      returned += 1;
      if (at === positions.length - 1) this.log.remember(event);
      yield event;
    }
  }

  async *readAll({
    direction = 'forwards',
    after,
    limit = Number.POSITIVE_INFINITY,
  }: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    let position = after ?? (direction === 'forwards' ? 0 : Number.MAX_SAFE_INTEGER);
    let left = limit;
    while (left > 0) {
      const size = Math.min(left, PAGE);
      const page =
        direction === 'forwards'
          ? this.openLog().eventsAfter(position, size)
          : this.openLog().eventsBefore(position, size);
      yield* page;
      const last = page.at(-1);
      if (!last || page.length < size) return;
      position = last.position;
      left -= page.length;
      await turn();
    }
  }

  async *subscribeToAll({
    after = 0,
    signal,
    batchSize = PAGE,
  }: SubscribeOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    let position = after;
    while (!signal?.aborted && !this.closed) {
      const batch = this.log.eventsAfter(position, batchSize);
      const last = batch.at(-1);
      if (!last) {
        await this.appended.wait(signal);
        continue;
      }
      position = last.position;
      yield batch;
      await turn();
    }
  }

  async deleteStream(
    stream: string,
    { expectedRevision }: { readonly expectedRevision: ExpectedRevision },
  ): Promise<void> {
    if (this.closed) throw new EventStoreUnavailable('The event store is closed.');
    const problem = streamProblem(stream) ?? expectedRevisionProblem(expectedRevision);
    if (problem) throw problem;
    await this.commits.run(() => this.log.delete(stream, expectedRevision));
  }

  async head(): Promise<number> {
    this.openLog().catchUp();
    return this.log.head;
  }

  /** Commits and answers the appends under way, ends the subscriptions, closes the file. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.commits.close();
    this.closed = true;
    this.appended.wake();
    this.db.close();
  }

  private openLog(): EventLog {
    if (this.closed) throw new EventStoreUnavailable('The event store is closed.');
    return this.log;
  }
}

const writable = (event: NewEvent): WritableEvent => ({
  event,
  dataJson: JSON.stringify(event.data) ?? 'null',
});

/** Gives the rest of the process a turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const unavailable = (error: unknown): Error | undefined =>
  // By its name: the engine's binary is shared by all who load it, and its errors are of the class of the first.
  (error as Error | undefined)?.name === 'SqliteError'
    ? new EventStoreUnavailable(`The event store could not write: ${(error as Error).message}`, {
        cause: error,
      })
    : undefined;
