import {
  BACKWARDS,
  type ExpectedRevision as ClientExpectedRevision,
  END,
  type EventStoreDBClient,
  FORWARDS,
  START,
  StreamNotFoundError,
} from '@eventstore/db-client';
import type { NewEvent, RecordedEvent } from '#eventing/event';
import {
  type AppendResult,
  type EventStore,
  EventStoreUnavailable,
  type ExpectedRevision,
  type ReadAllOptions,
  type ReadStreamOptions,
  type SubscribeOptions,
} from '#eventing/event-store';
import { appendProblem, expectedRevisionProblem, sizeProblem, streamProblem } from '../append-rules.js';
import { Backoff } from './backoff.js';
import { openClient } from './client.js';
import { InFlight } from './in-flight.js';
import { type Reading, unanswered, visible } from './reading.js';
import { clientPosition, clientRevision, eventData, safeNumber } from './recorded-event.js';
import { storeError } from './store-error.js';
import { subscription } from './subscription.js';

export interface EventStoreDbOptions {
  /** How long to wait for an answer, and for each event that is read; an append without one has an unknown outcome. */
  readonly answerTimeoutMs?: number;
  /** How long a subscription tries to get its connection back. */
  readonly giveUpAfterMs?: number;
}

/** Calls under way at once on one connection; a server takes a hundred, and readers need some. */
const MOST_APPENDS = 64;
const BATCH = 1_000;
/** A reading that lost its connection goes on for as long as a command sends its append again. */
const READ_AGAIN_MS = 2_500;

/** The event store on an EventStoreDB server or cluster, version 22.6 or later. */
export class EventStoreDb implements EventStore {
  private readonly client: EventStoreDBClient;
  private readonly appends = new InFlight(MOST_APPENDS);
  private readonly closing = new AbortController();
  private readonly answerTimeoutMs: number;
  private readonly giveUpAfterMs: number;

  /**
   * @param connectionString `esdb://host:2113?tls=false`, `esdb://a:2113,b:2113,c:2113` or `esdb+discover://...`.
   * `keepAliveInterval` and `keepAliveTimeout` in it (10 s each) say how soon a subscription notices a silent server.
   */
  constructor(
    connectionString: string,
    { answerTimeoutMs = 15_000, giveUpAfterMs = 60_000 }: EventStoreDbOptions = {},
  ) {
    this.client = openClient(connectionString);
    this.answerTimeoutMs = answerTimeoutMs;
    this.giveUpAfterMs = giveUpAfterMs;
  }

  async append(
    stream: string,
    events: readonly NewEvent[],
    { expectedRevision }: { readonly expectedRevision: ExpectedRevision },
  ): Promise<AppendResult> {
    this.mustBeOpen();
    const problem =
      appendProblem(stream, events, expectedRevision) ??
      sizeProblem(events.map((event) => ({ event, dataJson: JSON.stringify(event.data) ?? 'null' })));
    if (problem) throw problem;
    try {
      const { nextExpectedRevision, position } = await this.answered((deadline) =>
        this.client.appendToStream(stream, events.map(eventData), {
          expectedRevision: clientRevision(expectedRevision),
          requiresLeader: true,
          deadline,
        }),
      );
      return { revision: safeNumber(nextExpectedRevision), position: safeNumber(position?.commit) };
    } catch (error) {
      throw storeError(error, stream, expectedRevision);
    }
  }

  async *readStream(
    stream: string,
    { direction = 'forwards', from, limit }: ReadStreamOptions = {},
  ): AsyncGenerator<RecordedEvent> {
    this.mustBeOpen();
    if (limit === 0) return;
    const forwards = direction === 'forwards';
    const beyond = ({ revision }: RecordedEvent) => revision + (forwards ? 1 : -1);
    const open = (last: RecordedEvent | undefined, left: number): Reading | undefined => {
      const first = last ? beyond(last) : from;
      if (first !== undefined && first < 0) return undefined;
      return this.client.readStream(stream, {
        direction: forwards ? FORWARDS : BACKWARDS,
        fromRevision: first === undefined ? (forwards ? START : END) : BigInt(first),
        requiresLeader: true,
        ...(limit === undefined ? {} : { maxCount: left }),
      });
    };
    try {
      yield* this.read(stream, limit, open);
    } catch (error) {
      if (!(error instanceof StreamNotFoundError)) throw error;
    }
  }

  async *readAll({
    direction = 'forwards',
    after,
    limit,
  }: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    this.mustBeOpen();
    if (limit === 0) return;
    const forwards = direction === 'forwards';
    const open = (last: RecordedEvent | undefined): Reading | undefined => {
      const from = last?.position ?? after;
      if (!forwards && from !== undefined && from < 0) return undefined;
      return this.client.readAll({
        direction: forwards ? FORWARDS : BACKWARDS,
        fromPosition: clientPosition(from) ?? (forwards ? START : END),
        requiresLeader: true,
      });
    };
    // Forwards the server begins with the event at the position itself.
    yield* this.read('$all', limit, open, after);
  }

  async *subscribeToAll({
    after,
    signal,
    batchSize = BATCH,
  }: SubscribeOptions = {}): AsyncGenerator<readonly RecordedEvent[]> {
    const until = AbortSignal.any(signal ? [signal, this.closing.signal] : [this.closing.signal]);
    const backoff = new Backoff(this.giveUpAfterMs);
    let handled = after;
    while (!until.aborted) {
      let failure: unknown;
      try {
        const connected = backoff.succeeded;
        for await (const batch of subscription(this.client, {
          after: handled,
          batchSize,
          signal: until,
          answerTimeoutMs: this.answerTimeoutMs,
          connected,
        })) {
          handled = batch.at(-1)?.position;
          yield batch;
        }
        failure = new EventStoreUnavailable('EventStoreDB ended the subscription.');
      } catch (error) {
        failure = storeError(error);
        if (!(failure instanceof EventStoreUnavailable)) throw failure;
      }
      if (!until.aborted) await backoff.failed(failure, until);
    }
  }

  async deleteStream(
    stream: string,
    { expectedRevision }: { readonly expectedRevision: ExpectedRevision },
  ): Promise<void> {
    this.mustBeOpen();
    const problem = streamProblem(stream) ?? expectedRevisionProblem(expectedRevision);
    if (problem) throw problem;
    try {
      // Sends 'stream_exists' as well as the others, though its type does not say so.
      const revision = clientRevision(expectedRevision) as ClientExpectedRevision;
      await this.answered((deadline) =>
        this.client.tombstoneStream(stream, { expectedRevision: revision, requiresLeader: true, deadline }),
      );
    } catch (error) {
      throw storeError(error, stream, expectedRevision);
    }
  }

  async head(): Promise<number> {
    for await (const { position } of this.readAll({ direction: 'backwards', limit: 1 })) return position;
    return -1;
  }

  /** Waits for the answers to the appends under way and ends the subscriptions. */
  async close(): Promise<void> {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    await this.appends.idle();
    await this.client.dispose();
  }

  private mustBeOpen(): void {
    if (this.closing.signal.aborted) throw new EventStoreUnavailable('The event store is closed.');
  }

  /** Reads, and goes on behind the last event when the connection was lost meanwhile. */
  private async *read(
    stream: string,
    limit = Number.POSITIVE_INFINITY,
    open: (last: RecordedEvent | undefined, left: number) => Reading | undefined,
    skip?: number,
  ): AsyncGenerator<RecordedEvent> {
    const backoff = new Backoff(Math.min(READ_AGAIN_MS, this.answerTimeoutMs));
    let last: RecordedEvent | undefined;
    for (let left = limit; ; ) {
      const reading = open(last, left);
      if (!reading) return;
      try {
        for await (const event of visible(reading, this.answerTimeoutMs)) {
          if (event.position === (last?.position ?? skip)) continue;
          backoff.succeeded();
          last = event;
          left -= 1;
          yield event;
          if (left === 0) return;
        }
        return;
      } catch (error) {
        const failure = storeError(error, stream);
        const again = failure instanceof EventStoreUnavailable && failure !== error;
        if (!again || this.closing.signal.aborted) throw failure;
        await backoff.failed(failure, this.closing.signal);
        this.mustBeOpen();
      }
    }
  }

  /** Waits for its turn and for the answer no longer than the caller is to wait. */
  private answered<T>(call: (deadline: number) => Promise<T>): Promise<T> {
    const ms = this.answerTimeoutMs;
    const until = performance.now() + ms;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(unanswered(ms)), ms);
      this.appends
        .run(async () => {
          const left = until - performance.now();
          if (left <= 0) throw unanswered(ms);
          return call(left);
        })
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }
}
