import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import type { Watermarks } from '../event-stream.js';
import { isKafkaFailure, KafkaUnavailable } from './kafka-failure.js';

const RETRY = { initialRetryTime: 50, maxRetryTime: 500, retries: 5 };
const MOST_ATTEMPTS = 5;
const FIRST_BACK_OFF_MS = 50;

/** What brokers know of a topic's offsets. Connects when it is first asked. */
export class TopicOffsets {
  private admin: Admin | undefined;

  constructor(
    private readonly kafka: Kafka,
    private readonly topic: string,
  ) {}

  /** `high` lies before a transaction that is still open. */
  async watermarks(): Promise<ReadonlyMap<number, Watermarks>> {
    const offsets = await this.ask((admin) => admin.fetchTopicOffsets(this.topic));
    return new Map(
      offsets.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
    );
  }

  /** What a consumer group has committed, of every partition that has something. */
  async committed(groupId: string): Promise<ReadonlyMap<number, number>> {
    const topics = await this.ask((admin) => admin.fetchOffsets({ groupId, topics: [this.topic] }));
    return new Map(
      topics
        .flatMap(({ partitions }) => partitions)
        .map(({ partition, offset }) => [partition, Number(offset)] as const)
        // -1 stands for nothing.
        .filter(([, offset]) => offset >= 0),
    );
  }

  async close(): Promise<void> {
    const { admin } = this;
    this.admin = undefined;
    await admin?.disconnect();
  }

  /** An admin asks a partition's old leader for minutes after it has changed: each attempt is with a new one. */
  private async ask<Answer>(question: (admin: Admin) => Promise<Answer>): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      this.admin ??= this.kafka.admin({ retry: RETRY });
      const { admin } = this;
      try {
        await admin.connect();
        return await question(admin);
      } catch (error) {
        if (this.admin === admin) await this.close().catch(() => {}); // it is of no use any more
        if (attempt === MOST_ATTEMPTS || !isMoving(error))
          throw isKafkaFailure(error) ? new KafkaUnavailable(error) : error;
        await delay(FIRST_BACK_OFF_MS * 2 ** attempt);
      }
    }
  }
}

/** A broker that has just started or lost its place answers so; one that is away does not answer. */
const isMoving = (error: unknown): boolean =>
  error instanceof kafkajs.KafkaJSProtocolError && error.retriable;
