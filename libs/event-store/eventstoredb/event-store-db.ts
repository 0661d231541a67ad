import {
  BACKWARDS,
  type ExpectedRevision as ClientExpectedRevision,
  END,
  EventStoreDBClient,
  FORWARDS,
  type ResolvedEvent,
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
import { InFlight } from './in-flight.js';
import { clientPosition, clientRevision, eventData, recordedEvent, safeNumber } from './recorded-event.js';
import { storeError } from './store-error.js';
import { leave, subscription } from './subscription.js';

export interface EventStoreDbOptions {
  /** How long to wait for the answer to an append; after that its outcome is unknown. */
  readonly answerTimeoutMs?: number;
  /** How long a subscription tries to get its connection back. */
  readonly giveUpAfterMs?: number;
}

/**
 * The client writes appends to a stream that takes 16 messages before it asks for a pause, and a connection lost
 * in such a pause becomes an unhandled rejection there. One message an append, so fewer than 16 at once.
 */
const MOST_APPENDS = 12;
const BATCH = 1_000;

/** The event store on an EventStoreDB server or cluster, version 22.6 or later. */
export class EventStoreDb implements EventStore {
  private readonly client: EventStoreDBClient;
  private readonly appends = new InFlight(MOST_APPENDS);
  private readonly closing = new AbortController();
  private readonly answerTimeoutMs: number;
  private readonly giveUpAfterMs: number;

  /** @param connectionString `esdb://host:2113?tls=false` or `esdb+discover://...` */
  constructor(
    connectionString: string,
    { answerTimeoutMs = 15_000, giveUpAfterMs = 60_000 }: EventStoreDbOptions = {},
  ) {
    this.client = EventStoreDBClient.connectionString(connectionString);
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
      const { nextExpectedRevision, position } = await this.appends.run(() =>
        this.answered(
          this.client.appendToStream(stream, events.map(eventData), {
            expectedRevision: clientRevision(expectedRevision),
          }),
        ),
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
    const reading = this.client.readStream(stream, {
      direction: forwards ? FORWARDS : BACKWARDS,
      fromRevision: from === undefined ? (forwards ? START : END) : BigInt(from),
      ...(limit === undefined ? {} : { maxCount: limit }),
    });
    try {
      yield* visible(reading);
    } catch (error) {
      if (!(error instanceof StreamNotFoundError)) throw storeError(error, stream);
    }
  }

  async *readAll({
    direction = 'forwards',
    after,
    limit,
  }: ReadAllOptions = {}): AsyncGenerator<RecordedEvent> {
    this.mustBeOpen();
    const forwards = direction === 'forwards';
    if (!forwards && after !== undefined && after < 0) return;
    const reading = this.client.readAll({
      direction: forwards ? FORWARDS : BACKWARDS,
      fromPosition: clientPosition(after) ?? (forwards ? START : END),
    });
    let left = limit ?? Number.POSITIVE_INFINITY;
    try {
      for await (const event of visible(reading)) {
        // Forwards the server begins with the event at the position itself.
        if (event.position === after) continue;
        if (left-- <= 0) return;
        yield event;
        if (left === 0) return;
      }
    } catch (error) {
      throw storeError(error);
    }
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
      await this.client.tombstoneStream(stream, { expectedRevision: revision });
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

  /** The client waits for ever for an answer that does not come. */
  private answered<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const late = () =>
        reject(new EventStoreUnavailable(`EventStoreDB did not answer within ${this.answerTimeoutMs} ms.`));
      const timer = setTimeout(late, this.answerTimeoutMs);
      answer.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

/** Ends the call at the server, too, when the reader has enough. */
async function* visible(
  reading: ReturnType<EventStoreDBClient['readAll']> | ReturnType<EventStoreDBClient['readStream']>,
): AsyncGenerator<RecordedEvent> {
  // The client may report a lost connection after the reader has gone.
  reading.on('error', () => {});
  try {
    for await (const resolved of reading.iterator({ destroyOnReturn: false })) {
      const event = recordedEvent(resolved as ResolvedEvent);
      if (event) yield event;
    }
  } finally {
    await leave(reading, () => reading.cancel());
  }
}
