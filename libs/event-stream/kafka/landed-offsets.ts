import type { Kafka } from 'kafkajs';
import type { Logger } from '#platform/logging';
import type { LandedOffsets } from '../event-stream.js';
import { TopicOffsets } from './topic-offsets.js';

/** The group whose offsets say how far the events have landed. */
export const landedGroupOf = (topic: string): string => `${topic}.projector`;

export interface LandedOffsetsReader extends Pick<LandedOffsets, 'read'> {
  close(): Promise<void>;
}

/** For those who only want to know how far the others are. */
export const openLandedOffsets = ({
  kafka,
  topic,
  groupId = landedGroupOf(topic),
}: {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly groupId?: string;
}): LandedOffsetsReader => {
  const offsets = new TopicOffsets(kafka, topic);
  return { read: () => offsets.committed(groupId), close: () => offsets.close() };
};

/** What publishing needs of the consumer. */
export interface Membership {
  has(partition: number): boolean;
  /** @throws Error also for what will pass: a rebalance, a broker that is away */
  commit(offsets: ReadonlyMap<number, number>): Promise<void>;
}

const RETRY_MS = 500;

/**
 * The offsets of the consumer group. Only a member can commit, and it commits what it has landed of the partitions
 * that are its own; what cannot be committed now is committed later, or by whoever has the partition then.
 */
export class GroupLandedOffsets implements LandedOffsets {
  private readonly wanted = new Map<number, number>();
  private readonly published = new Map<number, number>();
  private flushing: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(
    private readonly membership: Membership,
    private readonly committed: () => Promise<ReadonlyMap<number, number>>,
    private readonly log: Logger,
  ) {}

  /**
   * Resolves after an attempt that includes the offsets; what fails is tried again by itself. While brokers are away
   * an attempt takes seconds: who has other things to do does not wait for it.
   */
  async publish(landed: ReadonlyMap<number, number>): Promise<void> {
    for (const [partition, next] of landed)
      if (next > (this.wanted.get(partition) ?? -1)) this.wanted.set(partition, next);
    // An attempt that is under way may have begun without them.
    await this.flushing;
    await this.flush();
  }

  read(): Promise<ReadonlyMap<number, number>> {
    return this.committed();
  }

  /** One attempt, which all who ask meanwhile share. */
  flush(): Promise<void> {
    this.flushing ??= this.attempt().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  /** Nothing is tried again after that. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private async attempt(): Promise<void> {
    const offsets = new Map(
      [...this.wanted].filter(
        ([partition, next]) => this.membership.has(partition) && next > (this.published.get(partition) ?? -1),
      ),
    );
    if (offsets.size === 0 || this.closed) return;
    try {
      await this.membership.commit(offsets);
      for (const [partition, next] of offsets) this.published.set(partition, next);
    } catch (error) {
      this.log.debug({ err: error }, 'What has landed could not be published yet');
      clearTimeout(this.timer);
      if (!this.closed) this.timer = setTimeout(() => this.flush(), RETRY_MS);
    }
  }
}
