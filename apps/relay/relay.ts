import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { Checkpoint } from '#event-stream/kafka/checkpoint-record';
import { letGo } from '#event-stream/kafka/kafka';
import { isFenced, isKafkaFailure } from '#event-stream/kafka/kafka-failure';
import { ensureTopics, type TopicOptions } from '#event-stream/kafka/topics';
import {
  type EventWriter,
  type OpenWriter,
  openTransactionalWriter,
} from '#event-stream/kafka/transactional-writer';
import { type EventStore, EventStoreUnavailable } from '#eventing/event-store';
import type { Logger } from '#platform/logging';
import { Pace } from '#platform/pace';
import { noTracing, type Tracing } from '#platform/tracing';
import { ReadAhead } from './read-ahead.js';
import { RelayProgress, type RelayStatus } from './relay-progress.js';
import { traceEvents } from './relay-traces.js';
import { mustFit, NOTHING_WRITTEN } from './resume.js';
import { Seat } from './seat.js';

export type { RelayState, RelayStatus } from './relay-progress.js';

export interface RelayOptions {
  readonly eventStore: EventStore;
  readonly kafka: Kafka;
  /** Made when they are not there, checked otherwise. */
  readonly topics: TopicOptions;
  readonly log: Logger;
  /** After so long without a sign of life the active relay is replaced; brokers by default allow nothing shorter. */
  readonly sessionTimeoutMs?: number;
  /** How this relay is called in the checkpoint topic. */
  readonly name?: string;
  /** Called after each transaction. */
  readonly onRelayed?: (batch: RelayedBatch) => void;
  readonly tracing?: Pick<Tracing, 'begin'>;
  readonly openWriter?: OpenWriter;
}

export interface RelayedBatch {
  readonly events: number;
  readonly bytes: number;
  readonly milliseconds: number;
  /** When the event store took its first event. */
  readonly oldestRecordedAt: string;
}

export interface Relay {
  /** Resolves when it was stopped; rejects when it cannot go on by itself. */
  readonly done: Promise<void>;
  status(): RelayStatus;
  /** Ends the transaction under way and gives the seat to another. */
  stop(): Promise<void>;
}

/** One transaction takes at most so much. */
const MOST_EVENTS = 5_000;
const MOST_BYTES = 4 * 1024 * 1024;

/** A transaction of few events costs Kafka, and everybody who reads the topic, nearly as much as one of many. */
const GATHERING = { share: 3, longestRestMs: 100, savedMs: 100 };

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;
const SESSION_TIMEOUT_MS = 6_000;
const HEAD_EVERY_MS = 2_000;
/** How long a transaction may still take when the relay is stopped. */
const GRACE_MS = 5_000;

/** Brings every event from the event store to the topic, once and in order, while it holds the seat. */
export const startRelay = (options: RelayOptions): Relay => {
  const relay = new RunningRelay(options);
  return { done: relay.done, status: () => relay.progress.status(), stop: () => relay.stop() };
};

class RunningRelay {
  readonly progress = new RelayProgress();
  readonly done: Promise<void>;
  private readonly stopping = new AbortController();
  private pause = FIRST_PAUSE_MS;

  constructor(private readonly options: RelayOptions) {
    this.done = this.run().finally(() => this.progress.is('stopped'));
    this.done.catch(() => {}); // whoever started the relay looks at it
  }

  private get sessionTimeoutMs(): number {
    return this.options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.race([this.done.catch(() => {}), delay(GRACE_MS, undefined, { ref: false })]);
  }

  private async run(): Promise<void> {
    const { kafka, topics, log } = this.options;
    await this.persistently(() => this.ensureTopics());
    if (this.stopping.signal.aborted) return;
    const seat = new Seat({
      kafka,
      topic: topics.topic,
      sessionTimeoutMs: this.sessionTimeoutMs,
      log,
      onChange: (failure) => {
        if (failure) this.progress.failed(failure);
        else this.progress.worked();
      },
    });
    this.progress.watch(seat);
    try {
      await this.takeTurns(seat);
    } finally {
      await seat.close();
    }
  }

  private async takeTurns(seat: Seat): Promise<void> {
    const { log } = this.options;
    while (!this.stopping.signal.aborted) {
      this.progress.is('standby');
      const term = await seat.taken(this.stopping.signal);
      if (!term) return;
      try {
        await this.lead(seat, AbortSignal.any([term, this.stopping.signal]));
      } catch (error) {
        if (isFenced(error)) {
          // Brokers answer both alike.
          log.warn(
            'What this relay had begun to write is void: another one has taken over, or it took too long',
          );
          this.progress.is('standby');
          // By then it knows from the group whether another holds the seat.
          await rest(this.sessionTimeoutMs / 2, AbortSignal.any([term, this.stopping.signal]));
        } else await this.failed(error);
      }
    }
  }

  /** Fences out every other relay, goes on from where the last one ended, and relays until the signal. */
  private async lead(seat: Seat, signal: AbortSignal): Promise<void> {
    const { kafka, topics, log, name = `process ${process.pid}`, openWriter } = this.options;
    this.progress.is('starting');
    const { topic, maxMessageBytes } = topics;
    const writer = await (openWriter ?? openTransactionalWriter)({ kafka, topic, name, maxMessageBytes });
    try {
      const checkpoint = await this.resume(seat, writer);
      this.progress.is('active');
      this.progress.reached(checkpoint.position);
      log.info({ position: checkpoint.position }, 'This relay is the active one');
      await this.relay(writer, checkpoint, signal);
    } finally {
      await writer.close();
    }
  }

  private async resume(seat: Seat, writer: EventWriter): Promise<Checkpoint> {
    const { kafka, topics, eventStore } = this.options;
    const checkpoint = await seat.lastCheckpoint(writer.mark);
    const admin = kafka.admin();
    await admin.connect();
    try {
      await mustFit(checkpoint, { topic: topics.topic, admin, eventStore });
    } finally {
      await letGo(admin);
    }
    // Before the first event is sent: an end beyond zero without a checkpoint means that one was lost.
    return checkpoint ?? writer.write([], NOTHING_WRITTEN);
  }

  private async relay(writer: EventWriter, from: Checkpoint, signal: AbortSignal): Promise<void> {
    const { eventStore, topics, log, onRelayed, tracing = noTracing } = this.options;
    const ended = new AbortController();
    const until = AbortSignal.any([signal, ended.signal]);
    const ahead = new ReadAhead({
      eventStore,
      after: from.position,
      partitions: topics.partitions,
      signal: until,
      onFailure: (error) => {
        this.progress.failed(error);
        log.warn({ error: (error as Error).message }, 'The event store cannot be read');
      },
      onRead: () => this.progress.worked(),
    });
    const watching = this.watchHead(until);
    watching.catch(() => ended.abort()); // thrown at the end
    const pace = new Pace(GATHERING);
    try {
      for (let checkpoint = from, notBefore = 0; ; ) {
        const events = await ahead.take(MOST_EVENTS, MOST_BYTES, notBefore);
        if (events.length === 0) return;
        const began = performance.now();
        this.progress.writes();
        const traced = traceEvents(tracing, events);
        try {
          checkpoint = await writer.write(traced.events, checkpoint);
        } catch (error) {
          traced.end((error as Error).message);
          throw error;
        }
        traced.end();
        const committed = performance.now();
        notBefore = pace.worked(began, committed);
        this.pause = FIRST_PAUSE_MS;
        this.progress.reached(checkpoint.position, Date.parse(events.at(-1)!.recordedAt));
        onRelayed?.({
          events: events.length,
          bytes: events.reduce((sum, { bytes }) => sum + bytes, 0),
          milliseconds: committed - began,
          oldestRecordedAt: events[0]!.recordedAt,
        });
      }
    } finally {
      ended.abort();
      await Promise.all([ahead.end(), watching]);
    }
  }

  /** What is still to come, and whether the event store answers: an idle subscription does not tell. */
  private async watchHead(signal: AbortSignal): Promise<void> {
    const { eventStore } = this.options;
    while (!signal.aborted) {
      const head = await Promise.race([
        eventStore.head().catch((error: unknown) => {
          if (!(error instanceof EventStoreUnavailable)) throw error;
          this.progress.failed(error);
        }),
        rest(HEAD_EVERY_MS, signal),
      ]);
      if (head === undefined && !signal.aborted)
        this.progress.failed(new EventStoreUnavailable('The event store does not answer.'));
      else if (head !== undefined) this.progress.head(head);
      await rest(HEAD_EVERY_MS, signal);
    }
  }

  private async ensureTopics(): Promise<void> {
    const { kafka, topics } = this.options;
    const admin = kafka.admin();
    try {
      await admin.connect();
      await ensureTopics(admin, topics);
    } finally {
      await letGo(admin);
    }
  }

  private async persistently(work: () => Promise<void>): Promise<void> {
    while (!this.stopping.signal.aborted) {
      try {
        return await work();
      } catch (error) {
        await this.failed(error);
      }
    }
  }

  /** Waits before another attempt; what does not pass by waiting ends the relay. */
  private async failed(error: unknown): Promise<void> {
    if (!isKafkaFailure(error) && !(error instanceof EventStoreUnavailable)) throw error;
    this.progress.failed(error);
    this.options.log.warn({ error: error.message }, 'The relay was interrupted and tries again');
    await rest(this.pause, this.stopping.signal);
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
  }
}

/** Ends early with the signal. */
const rest = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal }).catch(() => {});
