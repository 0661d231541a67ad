import { PerennialError } from './errors.js';
import type { NewEvent, RecordedEvent } from './event.js';

/** A revision, or what the caller knows of the stream without one. */
export type ExpectedRevision = number | 'no-stream' | 'stream-exists' | 'any';

export interface AppendResult {
  /** Revision of the last event of this append. */
  readonly revision: number;
  /** Position of the last event of this append. */
  readonly position: number;
}

export interface ReadStreamOptions {
  /** First revision to return; default: the start, or the end when backwards. */
  readonly from?: number;
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
}

export interface ReadAllOptions {
  /** Return what lies beyond this position (before it, when backwards). Default: everything. */
  readonly after?: number;
  readonly direction?: 'forwards' | 'backwards';
  readonly limit?: number;
}

export interface SubscribeOptions {
  /** The last position already handled; default: none. */
  readonly after?: number;
  /** Ends the iteration, cleanly. */
  readonly signal?: AbortSignal;
  /** Most events per batch. */
  readonly batchSize?: number;
}

/** The port every event store adapter keeps; test/contract holds what each must do. */
export interface EventStore {
  /**
   * Appends all events or none, durable when the promise resolves. The same append (same event ids at the
   * same expected revision) sent again answers as the first time, whatever was appended since.
   * @throws WrongExpectedRevision, StreamDeleted, AppendTooLarge, EventStoreUnavailable
   */
  append(
    stream: string,
    events: readonly NewEvent[],
    options: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult>;
  /** A stream that does not exist yields nothing. @throws StreamDeleted, EventStoreUnavailable */
  readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent>;
  /** All events in the order of their positions; system events stay invisible. */
  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;
  /** Catches up, then stays live: batches without gap or repeat, fetched only as fast as they are taken. */
  subscribeToAll(options?: SubscribeOptions): AsyncIterable<readonly RecordedEvent[]>;
  /** For good: reading or appending it afterwards throws StreamDeleted. */
  deleteStream(stream: string, options: { readonly expectedRevision: ExpectedRevision }): Promise<void>;
  /** Position of the last event; -1 when there is none. */
  head(): Promise<number>;
  close(): Promise<void>;
}

/** Most bytes of one event (data and metadata as JSON), and of one append. */
export const MAX_EVENT_BYTES = 256 * 1024;
export const MAX_APPEND_BYTES = 900 * 1024;

export class WrongExpectedRevision extends PerennialError {
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    /** -1 when the stream does not exist. */
    readonly actual: number,
  ) {
    super('precondition-failed', 'wrong-revision', `${stream} is at revision ${actual}, not at ${expected}.`);
  }
}

export class StreamDeleted extends PerennialError {
  constructor(readonly stream: string) {
    super('gone', 'stream-deleted', `${stream} was deleted.`);
  }
}

export class AppendTooLarge extends PerennialError {
  constructor(message: string) {
    super('invalid', 'append-too-large', message);
  }
}

/** The store could not be reached, or the outcome of an append is unknown: send the same append again. */
export class EventStoreUnavailable extends PerennialError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('unavailable', 'event-store-unavailable', message);
    if (options) this.cause = options.cause;
  }
}
