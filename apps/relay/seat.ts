import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import { Change } from '#event-stream/kafka/change';
import { type Checkpoint, decodeCheckpoint } from '#event-stream/kafka/checkpoint-record';
import { letGo } from '#event-stream/kafka/kafka';
import { isKafkaFailure } from '#event-stream/kafka/kafka-failure';
import { checkpointTopicOf } from '#event-stream/kafka/topics';
import type { Logger } from '#platform/logging';
import { seatAssigner } from './seat-assigner.js';

export interface SeatOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** A relay that is not heard of for so long is replaced. */
  readonly sessionTimeoutMs: number;
  readonly log: Logger;
  /** Told when the group has been joined, or why that failed. */
  readonly onChange: (failure?: Error) => void;
}

const WAIT_MS = 200;
const PAUSE_MS = 500;
const READ_TIMEOUT_MS = 15_000;
const LEAVE_TIMEOUT_MS = 3_000;
/** How many offsets before a writer's mark the last checkpoint is looked for, until it is found. */
const SPANS = [100, 10_000, Number.POSITIVE_INFINITY];

interface Reading {
  readonly upTo: number;
  found: Checkpoint | undefined;
  readonly resolve: (found: Checkpoint | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Who of several relays is the active one: the member of a consumer group to which the checkpoint topic's only
 * partition is assigned. Kafka takes it away from one that is not heard of. It may be some seconds before the old
 * one knows; that nobody writes besides the new one is not the seat's business but the transactional writer's.
 */
export class Seat {
  private readonly topic: string;
  private readonly closing = new AbortController();
  private consumer: Consumer | undefined;
  private term: AbortController | undefined;
  private reading: Reading | undefined;
  private readonly changed = new Change();
  /** The mark of the writer opened last: whoever wrote last keeps the seat when others come or go. */
  private claim = -1;
  private member = false;
  /** Resolves when it is closed. */
  readonly done: Promise<void>;

  constructor(private readonly options: SeatOptions) {
    this.topic = checkpointTopicOf(options.topic);
    this.done = this.run();
    this.done.catch(() => this.changed.notify()); // whoever waits for the seat throws it
  }

  /** Whether it is in the group, and so has the seat or will get it in time. */
  get isMember(): boolean {
    return this.member;
  }

  /**
   * Waits for the seat.
   * @returns aborted when the seat is lost; undefined when the signal ended the wait
   */
  async taken(signal: AbortSignal): Promise<AbortSignal | undefined> {
    signal.addEventListener('abort', () => this.changed.notify(), { once: true });
    while (!signal.aborted && !this.closing.signal.aborted) {
      if (this.term) return this.term.signal;
      await Promise.race([this.changed.next(), this.done]);
    }
    return undefined;
  }

  /**
   * The last checkpoint before a writer's mark, undefined when there is none. Read up to the mark itself: the end of
   * a topic cannot be told from its offsets, of which commits take some.
   */
  async lastCheckpoint(mark: number): Promise<Checkpoint | undefined> {
    this.claim = mark;
    for (const span of SPANS) {
      const from = Math.max(0, mark - span);
      const found = await this.read(from, mark);
      if (found || from === 0) return found;
    }
    return undefined;
  }

  /** Leaves, so that another one takes over at once. */
  async close(): Promise<void> {
    this.closing.abort();
    this.changed.notify();
    const late = new AbortController();
    await Promise.race([
      this.done.catch(() => {}), // whoever waits for the seat has it
      delay(LEAVE_TIMEOUT_MS, undefined, { signal: late.signal }).catch(() => {}), // it has left in time
    ]);
    late.abort();
  }

  private async run(): Promise<void> {
    while (!this.closing.signal.aborted) {
      try {
        await this.beMember();
      } catch (error) {
        if (!isKafkaFailure(error)) throw error;
        this.options.onChange(error);
        this.options.log.warn({ error: error.message }, 'The group of the relays cannot be reached');
        await delay(PAUSE_MS, undefined, { signal: this.closing.signal }).catch(() => {}); // closed meanwhile
      }
    }
  }

  /** With a consumer of its own: one that has failed is not used again. */
  private async beMember(): Promise<void> {
    const { kafka, topic, sessionTimeoutMs } = this.options;
    const consumer = kafka.consumer({
      groupId: `${topic}.relay`,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: sessionTimeoutMs,
      heartbeatInterval: Math.floor(sessionTimeoutMs / 6),
      maxWaitTimeInMs: WAIT_MS,
      allowAutoTopicCreation: false,
      partitionAssigners: [seatAssigner(this.topic, () => this.claim)],
      retry: { restartOnFailure: async () => false },
    });
    const { GROUP_JOIN, CRASH } = consumer.events;
    const crashed = new Promise<never>((_, reject) => {
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
    });
    crashed.catch(() => {}); // also when nobody waits for it yet
    consumer.on(GROUP_JOIN, ({ payload }) => {
      this.member = true;
      this.options.onChange();
      consumer.pause([{ topic: this.topic }]);
      this.assigned((payload.memberAssignment[this.topic] ?? []).length > 0);
    });
    this.consumer = consumer;
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: this.topic, fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch: this.eachBatch });
      await Promise.race([crashed, aborted(this.closing.signal)]);
    } finally {
      this.consumer = undefined;
      this.member = false;
      this.assigned(false);
      await letGo(consumer);
    }
  }

  private assigned(held: boolean): void {
    if (held) this.term ??= new AbortController();
    else {
      this.term?.abort();
      this.term = undefined;
      this.reading?.reject(new kafkajs.KafkaJSError('The seat was lost while reading the checkpoint'));
    }
    this.changed.notify();
  }

  private async read(from: number, upTo: number): Promise<Checkpoint | undefined> {
    const { consumer } = this;
    if (!consumer || !this.term) throw new kafkajs.KafkaJSError('The seat is lost');
    const partition = { topic: this.topic, partition: 0 };
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise((resolve, reject) => {
        this.reading = { upTo, found: undefined, resolve, reject };
        const late = () => reject(new kafkajs.KafkaJSError(`${this.topic} cannot be read up to ${upTo}`));
        timer = setTimeout(late, READ_TIMEOUT_MS);
        consumer.seek({ ...partition, offset: String(from) });
        consumer.resume([{ topic: this.topic }]);
      });
    } finally {
      clearTimeout(timer);
      this.reading = undefined;
      consumer.pause([{ topic: this.topic }]);
    }
  }

  private readonly eachBatch = async ({ batch }: EachBatchPayload): Promise<void> => {
    const { reading } = this;
    if (!reading) return;
    try {
      for (const message of batch.messages) {
        reading.found = decodeCheckpoint(message) ?? reading.found;
        if (Number(message.offset) >= reading.upTo) return reading.resolve(reading.found);
      }
    } catch (error) {
      reading.reject(error);
    }
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
