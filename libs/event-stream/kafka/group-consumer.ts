import type { Batch, Consumer, Kafka, PartitionAssigner } from 'kafkajs';
import type { Logger } from '#platform/logging';
import { Change } from './change.js';

export interface FetchLimits {
  /** After how long without a heartbeat the group gives the partitions to others. */
  readonly sessionTimeoutMs: number;
  /** How long a broker waits for a first record before it answers that there is none. */
  readonly maxWaitMs: number;
  readonly bytesPerPartition: number;
  /** Of one answer. */
  readonly bytes: number;
}

export const FETCH_LIMITS: FetchLimits = {
  sessionTimeoutMs: 10_000,
  maxWaitMs: 250,
  // As they are on the wire: compressed, which events of a CRM are by a factor of nine.
  bytesPerPartition: 512 * 1024,
  bytes: 2 * 1024 * 1024,
};

export interface GroupConsumerOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId: string;
  readonly log: Logger;
  readonly limits: FetchLimits;
  readonly assigner?: PartitionAssigner;
}

/** What happens to a consumer. All of it is told at once, before anything more is fetched. */
export interface GroupEvents {
  /** The partitions are ours from now on, and no others; none is fetched until it is sought. */
  assigned(partitions: readonly number[]): void;
  /** An answer to a fetch was a failure, of any partition: what an offset means may have changed. */
  disturbed(): void;
  /** None is ours any more. */
  lost(): void;
  /** Says whether the batch was taken; one that was not does not move the place to read on from. */
  fetched(batch: Batch): boolean;
  /** No record of these offsets is for readers. */
  empty(partition: number, first: number, last: number): void;
  /** Until it resolves, nothing more is fetched. */
  room(heartbeat: () => Promise<void>): Promise<void>;
}

/** Retries of one request; what fails in the end makes a new consumer. */
const RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 5, restartOnFailure: async () => false };
const MOST_BACK_OFF_MS = 5_000;
const CLOSING_MS = 2_500;
/**
 * Batches of so many partitions are handed over side by side. The client wakes each of these workers for every answer. Who
 * waits for room in all of them notices a rebalance a second later for each further sixteen.
 */
const CONCURRENT_PARTITIONS = 16;
/** Without an answer for so long, the brokers are out of reach. */
const SILENCE_MS = 5_000;

/** A member of a consumer group, for as long as it takes: one client after another, when one fails. */
export class GroupConsumer {
  private consumer: Consumer | undefined;
  private readonly ending = new Change();
  private readonly running: Promise<void>;
  private closed = false;
  private joined = false;
  private failures = 0;
  private answeredAt = 0;
  private fetchedAt: number | undefined;
  private error: string | undefined;

  constructor(
    private readonly options: GroupConsumerOptions,
    private readonly events: GroupEvents,
  ) {
    this.running = this.run();
  }

  get heartbeatMs(): number {
    return Math.min(1_000, Math.floor(this.options.limits.sessionTimeoutMs / 5));
  }

  get isClosed(): boolean {
    return this.closed;
  }

  get health(): {
    readonly connected: boolean;
    readonly fetchedAt: number | undefined;
    readonly error: string | undefined;
  } {
    const connected = this.joined && Date.now() - this.answeredAt < SILENCE_MS;
    return { connected, fetchedAt: this.fetchedAt, error: connected ? undefined : this.error };
  }

  /** Begins to fetch a partition that was assigned, at an offset. */
  seek(partition: number, offset: number): void {
    const { topic } = this.options;
    this.consumer?.seek({ topic, partition, offset: String(offset) });
    this.consumer?.resume([{ topic, partitions: [partition] }]);
  }

  /** Fetches nothing more of a partition until it is sought. */
  pause(partition: number): void {
    this.consumer?.pause([{ topic: this.options.topic, partitions: [partition] }]);
  }

  /** @throws Error when it is no member now */
  async commit(offsets: ReadonlyMap<number, number>): Promise<void> {
    const { topic } = this.options;
    if (!this.consumer || !this.joined) throw new Error('The consumer is not in its group now.');
    await this.consumer.commitOffsets(
      [...offsets].map(([partition, offset]) => ({ topic, partition, offset: String(offset) })),
    );
  }

  /** Leaves the group, so that others need not wait for its session to end. */
  async close(): Promise<void> {
    this.closed = true;
    this.ending.notify();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSING_MS);
    });
    await Promise.race([this.running, late]);
    clearTimeout(timer);
  }

  private async run(): Promise<void> {
    const { log, topic, groupId } = this.options;
    while (!this.closed) {
      const error = await this.runOnce();
      if (this.closed) break;
      this.failures += 1;
      this.error = messageOf(error);
      log.warn(
        { err: error, topic, groupId, failures: this.failures },
        'A Kafka consumer failed; it is made anew',
      );
      await this.ending.next(Math.min(MOST_BACK_OFF_MS, 100 * 2 ** this.failures));
    }
  }

  /** With what it failed. */
  private async runOnce(): Promise<unknown> {
    const ended = this.ending.next();
    const consumer = this.create();
    const failed = new Promise<unknown>((resolve) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error));
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topic: this.options.topic, fromBeginning: true });
      this.consumer = consumer;
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: CONCURRENT_PARTITIONS,
        eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
          // Resolved at once: it is in our hands, and must not come again when a heartbeat fails.
          if (this.events.fetched(batch)) resolveOffset(batch.lastOffset());
          await this.events.room(heartbeat);
        },
      });
      return await Promise.race([failed, ended]);
    } catch (error) {
      return error;
    } finally {
      await consumer.disconnect().catch(() => {});
      this.consumer = undefined;
    }
  }

  private create(): Consumer {
    const { kafka, topic, groupId, assigner, limits } = this.options;
    const consumer = kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      sessionTimeout: limits.sessionTimeoutMs,
      rebalanceTimeout: limits.sessionTimeoutMs,
      heartbeatInterval: this.heartbeatMs,
      maxWaitTimeInMs: limits.maxWaitMs,
      minBytes: 1,
      maxBytesPerPartition: limits.bytesPerPartition,
      maxBytes: limits.bytes,
      retry: RETRY,
      ...(assigner && { partitionAssigners: [assigner] }),
    });
    const { GROUP_JOIN, STOP, START_BATCH_PROCESS, REQUEST, FETCH_START, FETCH } = consumer.events;
    consumer.on(GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment[topic] ?? [];
      // Before the first fetch, which would go on from the group's offsets.
      consumer.pause([{ topic, partitions }]);
      this.joined = true;
      this.failures = 0;
      this.error = undefined;
      this.events.assigned(partitions);
    });
    consumer.on(STOP, () => {
      this.joined = false;
      this.events.lost();
    });
    // The only sign of a batch without records for readers, which kafkajs skips by itself.
    consumer.on(START_BATCH_PROCESS, ({ payload: { partition, batchSize, firstOffset, lastOffset } }) => {
      if (batchSize === 0)
        this.events.empty(partition, Number(firstOffset ?? lastOffset), Number(lastOffset));
    });
    // A fetch that fails does not tell: it is begun again without having ended.
    const begun = new Set<number>();
    consumer.on(FETCH_START, ({ payload: { nodeId } }) => {
      if (begun.has(nodeId)) this.events.disturbed();
      begun.add(nodeId);
    });
    consumer.on(FETCH, ({ payload }) => begun.delete(payload.nodeId));
    consumer.on(REQUEST, ({ payload: { apiName } }) => {
      this.answeredAt = Date.now();
      if (apiName === 'Fetch') this.fetchedAt = this.answeredAt;
    });
    return consumer;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
