import type { Admin, Kafka } from 'kafkajs';
import type { Watermarks } from '../event-stream.js';

const RETRY = { initialRetryTime: 50, maxRetryTime: 500, retries: 5 };

/** What brokers know of a topic's offsets. Connects when it is first asked. */
export class TopicOffsets {
  private readonly admin: Admin;

  constructor(
    kafka: Kafka,
    private readonly topic: string,
  ) {
    this.admin = kafka.admin({ retry: RETRY });
  }

  async watermarks(): Promise<ReadonlyMap<number, Watermarks>> {
    await this.admin.connect();
    const offsets = await this.admin.fetchTopicOffsets(this.topic);
    return new Map(
      offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
    );
  }

  /** What a consumer group has committed, of every partition that has something. */
  async committed(groupId: string): Promise<ReadonlyMap<number, number>> {
    await this.admin.connect();
    const topics = await this.admin.fetchOffsets({ groupId, topics: [this.topic] });
    return new Map(
      topics
        .flatMap(({ partitions }) => partitions)
        .map(({ partition, offset }) => [partition, Number(offset)] as const)
        // -1 stands for nothing.
        .filter(([, offset]) => offset >= 0),
    );
  }

  close(): Promise<void> {
    return this.admin.disconnect();
  }
}
