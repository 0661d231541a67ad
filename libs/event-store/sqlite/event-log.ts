import type { Statement } from 'better-sqlite3';
import type { PerennialError } from '#eventing/errors';
import type { NewEvent } from '#eventing/event';
import type { AppendResult, ExpectedRevision } from '#eventing/event-store';
import { StreamDeleted, WrongExpectedRevision } from '#eventing/event-store';
import type { Sqlite } from '#sqlite/open-sqlite';
import { OtherWriters } from '#sqlite/other-writers';
import { PendingCommit } from './commit-row.js';
import { CommitTable } from './commit-table.js';
import { Recent } from './recent.js';
import type { StoredEvent } from './stored-event.js';
import { CHUNK_SIZE, StreamIndex, streamHash } from './stream-index.js';

/** A new event, and its data as they are stored. */
export interface WritableEvent {
  readonly event: NewEvent;
  readonly dataJson: string;
}

const NO_STREAM = -1;
const RECENT_STREAMS = 20_000;
const RECENT_IDS = 10_000;

/**
 * The file and what is kept of it in memory, in step with it. Synchronous; whoever writes holds a transaction, calls
 * `catchUp` at its beginning, `flush` before its end, and afterwards `committed` or `rolledBack`.
 */
export class EventLog {
  private readonly index = new StreamIndex();
  private readonly pending = new PendingCommit();
  private readonly revisions = new Recent<number>(RECENT_STREAMS);
  /** Loaded when first needed: only appends that name no revision look here. */
  private recentIds: Recent<number> | undefined;
  private deleted = new Set<string>();
  private durable = 0;

  private readonly commits: CommitTable;
  private readonly saveChunk: Statement;
  private readonly saveDeleted: Statement;
  private readonly others: OtherWriters;

  constructor(private readonly db: Sqlite) {
    this.commits = new CommitTable(db);
    this.saveChunk = db.prepare('INSERT INTO stream_index (chunk, hashes) VALUES (?, ?)');
    this.saveDeleted = db.prepare('INSERT INTO deleted_streams (stream, deleted_at) VALUES (?, ?)');
    this.others = new OtherWriters(db);
    for (const hashes of db.prepare('SELECT hashes FROM stream_index ORDER BY chunk').pluck().all())
      this.index.load(hashes as Uint8Array);
    this.catchUp();
  }

  /** Position of the last event; -1 when there is none. */
  get head(): number {
    return this.index.head || -1;
  }

  /** Takes in what another process has written. */
  catchUp(): void {
    if (this.others.haveWritten()) this.takeIn();
  }

  /** The same for who only reads: costs nothing when it was done just now. */
  catchUpToRead(): void {
    if (this.others.mayHaveWritten()) this.takeIn();
  }

  private takeIn(): void {
    this.forget();
    for (const { stream } of this.commits.from(this.index.head + 1)) this.index.add(streamHash(stream));
    this.durable = this.index.head;
  }

  /** Writes what the transaction has appended. */
  flush(): void {
    const now = Date.now();
    let position = this.durable + 1;
    this.pending.write((events, count) => {
      this.commits.insert(position, now, events);
      position += count;
    });
    for (let chunk = Math.floor(this.durable / CHUNK_SIZE); chunk < this.index.complete; chunk++)
      this.saveChunk.run(chunk, this.index.save(chunk));
  }

  committed(): void {
    this.durable = this.index.head;
  }

  rolledBack(): void {
    this.pending.clear();
    this.index.truncate(this.durable);
    this.forget();
  }

  private forget(): void {
    this.revisions.clear();
    this.recentIds = undefined;
    this.deleted = new Set(this.db.prepare('SELECT stream FROM deleted_streams').pluck().all() as string[]);
  }

  append(
    stream: string,
    events: readonly WritableEvent[],
    expected: ExpectedRevision,
  ): AppendResult | PerennialError {
    if (this.deleted.has(stream)) return new StreamDeleted(stream);
    const hash = streamHash(stream);
    const actual = this.revisionOf(stream, hash);
    const unnamed = expected === 'any' || (expected === 'stream-exists' && actual !== NO_STREAM);
    if (!unnamed && numberOf(expected) !== actual)
      return (
        this.repetition(stream, hash, events, expected) ?? new WrongExpectedRevision(stream, expected, actual)
      );
    if (unnamed) {
      const answer = this.recentRepetition(stream, events);
      if (answer) return answer === 'in part' ? new WrongExpectedRevision(stream, expected, actual) : answer;
    }
    return this.write(stream, hash, actual, events);
  }

  delete(stream: string, expected: ExpectedRevision): undefined | PerennialError {
    if (this.deleted.has(stream)) return new StreamDeleted(stream);
    const actual = this.revisionOf(stream, streamHash(stream));
    const met =
      expected === 'any' ||
      (expected === 'stream-exists' ? actual !== NO_STREAM : numberOf(expected) === actual);
    if (!met) return new WrongExpectedRevision(stream, expected, actual);
    this.saveDeleted.run(stream, Date.now());
    this.deleted.add(stream);
    return undefined;
  }

  isDeleted(stream: string): boolean {
    return this.deleted.has(stream);
  }

  /** Positions that hold the stream's events in their order, and perhaps a few of other streams. */
  candidates(stream: string): readonly number[] {
    return this.index.positions(streamHash(stream));
  }

  eventAt(position: number): StoredEvent {
    return this.commits.eventAt(position);
  }

  /** Spares the append that follows a read the search for the revision, unless somebody was faster. */
  remember({ stream, revision, position }: StoredEvent): void {
    if (this.index.latest(streamHash(stream), () => true) === position) this.revisions.set(stream, revision);
  }

  eventsAfter(position: number, limit: number): StoredEvent[] {
    return take(this.commits.from(position + 1), limit);
  }

  eventsBefore(position: number, limit: number): StoredEvent[] {
    return take(this.commits.backFrom(position - 1), limit);
  }

  private write(
    stream: string,
    hash: number,
    actual: number,
    events: readonly WritableEvent[],
  ): AppendResult {
    let revision = actual;
    for (const { event, dataJson } of events) {
      revision += 1;
      this.pending.add(stream, revision, event, dataJson);
      this.index.add(hash);
      this.recentIds?.set(event.id, this.index.head);
    }
    // Most streams have one event and are never appended to again.
    if (revision > 0) this.revisions.set(stream, revision);
    return { revision, position: this.index.head };
  }

  /** What names the event at a position, whether it is written yet or not. */
  private identity(position: number): readonly [stream: string, revision: number, id: string] {
    if (position > this.durable) {
      const [stream, revision, id] = this.pending.envelope(position - this.durable - 1);
      return [stream, revision, id];
    }
    const { stream, revision, id } = this.eventAt(position);
    return [stream, revision, id];
  }

  private revisionOf(stream: string, hash: number): number {
    const known = this.revisions.get(stream);
    if (known !== undefined) return known;
    let revision = NO_STREAM;
    this.index.latest(hash, (position) => {
      const [name, found] = this.identity(position);
      if (name === stream) revision = found;
      return name === stream;
    });
    return revision;
  }

  /** The first answer, when the same events already follow the expected revision. */
  private repetition(
    stream: string,
    hash: number,
    events: readonly WritableEvent[],
    expected: ExpectedRevision,
  ): AppendResult | undefined {
    const first = numberOf(expected) + 1;
    let answer: AppendResult | undefined;
    const earliest = this.index.latest(hash, (position) => {
      const [name, revision, id] = this.identity(position);
      if (name !== stream || revision >= first + events.length) return false;
      if (events[revision - first]?.event.id !== id) answer = undefined;
      else if (revision === first + events.length - 1) answer = { revision, position };
      return answer === undefined || revision === first;
    });
    return earliest === 0 ? undefined : answer;
  }

  /**
   * Without a revision only the event ids tell a repetition. Like EventStoreDB, the store knows those of late,
   * appends when the first is new to it, and refuses when only some are.
   */
  private recentRepetition(
    stream: string,
    events: readonly WritableEvent[],
  ): AppendResult | 'in part' | undefined {
    this.recentIds ??= this.loadRecentIds();
    let answer: AppendResult | undefined;
    for (const { event } of events) {
      const position = this.recentIds.get(event.id);
      const [name, revision] = position ? this.identity(position) : [];
      if (position === undefined || revision === undefined || name !== stream)
        return answer ? 'in part' : undefined;
      answer = { revision, position };
    }
    return answer;
  }

  private loadRecentIds(): Recent<number> {
    const recent = new Recent<number>(RECENT_IDS);
    const { head } = this.index;
    for (let at = Math.max(1, head - RECENT_IDS); at <= head; at++) recent.set(this.identity(at)[2], at);
    return recent;
  }
}

/** What 'stream-exists' and 'any' are never equal to. */
const numberOf = (expected: ExpectedRevision): number =>
  expected === 'no-stream' ? NO_STREAM : typeof expected === 'number' ? expected : Number.NaN;

const take = (events: Iterable<StoredEvent>, limit: number): StoredEvent[] => {
  const taken: StoredEvent[] = [];
  for (const event of events) {
    if (taken.push(event) >= limit) break;
  }
  return taken;
};
