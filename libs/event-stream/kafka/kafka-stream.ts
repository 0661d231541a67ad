import type { Kafka } from 'kafkajs';
import type { Logger } from '#platform/logging';
import type { ConsumeOptions, EventStream, StreamBatch, Watermarks } from '../event-stream.js';
import { CheckpointReader } from './checkpoint-reader.js';
import { FETCH_LIMITS, type FetchLimits } from './group-consumer.js';
import { GroupLandedOffsets, landedGroupOf } from './landed-offsets.js';
import { recordedAt, streamRecord } from './records.js';
import { TopicOffsets } from './topic-offsets.js';
import { type TopicBatch, TopicReading } from './topic-reading.js';

export interface KafkaStreamOptions extends Partial<FetchLimits> {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Those who share the partitions, and whose offsets say what has landed. */
  readonly groupId?: string;
  readonly log: Logger;
  /** So many bytes are held for whoever consumes. */
  readonly heldBytes?: number;
}

export interface KafkaStreamStatus {
  /** In the group, and brokers answer. */
  readonly connected: boolean;
  readonly partitions: readonly number[];
  /** Rises with every assignment of partitions. */
  readonly generation: number;
  /** When a broker last answered a fetch, in milliseconds since 1970. */
  readonly fetchedAt: number | undefined;
  /** Why it is not connected. */
  readonly error: string | undefined;
}

/** A topic of events. Kafka may be away, now or later: everything but what needs an answer at once waits for it. */
export const openKafkaStream = async (options: KafkaStreamOptions): Promise<KafkaStream> =>
  new KafkaStream(options);

export class KafkaStream implements EventStream {
  readonly landed: GroupLandedOffsets;
  private readonly offsets: TopicOffsets;
  private readonly reading: TopicReading;
  private readonly checkpoints: CheckpointReader;
  private readonly listeners = new Set<() => void>();

  constructor({ kafka, topic, log, heldBytes, ...options }: KafkaStreamOptions) {
    const { groupId = landedGroupOf(topic), ...limits } = options;
    this.offsets = new TopicOffsets(kafka, topic);
    this.reading = new TopicReading(
      {
        kafka,
        topic,
        groupId,
        log,
        limits: { ...FETCH_LIMITS, ...limits },
        heldBytes,
        watermarks: () => this.watermarks(),
      },
      // Whoever reads on from there has landed what lies before.
      (partition, from) => void this.landed.publish(new Map([[partition, from]])),
    );
    this.landed = new GroupLandedOffsets(
      {
        has: (partition) => this.reading.assignments.isPlaced(partition),
        commit: async (offsets) => {
          if (!this.reading.consumer) throw new Error('Nothing is consumed now.');
          await this.reading.consumer.commit(offsets);
        },
      },
      () => this.offsets.committed(groupId),
      log,
    );
    this.checkpoints = new CheckpointReader({ kafka, topic, log }, () => {
      for (const listener of this.listeners) listener();
    });
  }

  watermarks(): Promise<ReadonlyMap<number, Watermarks>> {
    return this.offsets.watermarks();
  }

  /**
   * @throws StreamTruncated StreamRecreated StreamGap when events would be left out, unless it is told `unreadable`
   * @throws what `resumeAt` throws, but for Kafka's own errors: then it is asked again
   */
  async *consume(options: ConsumeOptions): AsyncGenerator<StreamBatch> {
    for await (const batch of this.reading.batches(options)) yield streamBatch(batch);
  }

  setBack(partition: number, generation: number): void {
    this.reading.setBack(partition, generation);
  }

  /**
   * Of the relay's checkpoints that have been read by now, the largest position whose offsets are all at most those
   * given. Exact for the last few thousand transactions; from before, fewer and fewer checkpoints are kept, and the
   * answer may be lower than it could be.
   */
  positionBelow(offsets: ReadonlyMap<number, number>): number {
    return this.checkpoints.positionBelow(offsets);
  }

  /** Resolves when `positionBelow` knows every checkpoint that was there at the call. */
  checkpointsRead(): Promise<void> {
    return this.checkpoints.caughtUp();
  }

  /** Calls back whenever `positionBelow` may answer more for the same offsets. Returns how to end that. */
  onCheckpoint(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  status(): KafkaStreamStatus {
    const health = this.reading.consumer?.health ?? {
      connected: false,
      fetchedAt: undefined,
      error: 'Nothing is consumed.',
    };
    return { ...this.reading.assignments.current, ...health };
  }

  /** Ends `consume`, too. Within three seconds, whether brokers answer or not. */
  async close(): Promise<void> {
    this.landed.close();
    await Promise.all([this.reading.close(), this.checkpoints.close()]);
    await this.offsets.close();
  }
}

const streamBatch = ({ messages, ...batch }: TopicBatch): StreamBatch => {
  const records = messages.map(streamRecord);
  const [first] = records;
  return {
    ...batch,
    records,
    recordedAt: first ? recordedAt(first, Number(messages[0]!.timestamp)) : Date.now(),
  };
};
