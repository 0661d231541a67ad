import type { Admin, Kafka, Message, Producer, ProducerRecord } from 'kafkajs';
import type { StreamBatch } from '#event-stream/event-stream';
import { encodeCheckpoint } from '#event-stream/kafka/checkpoint-record';
import { createKafka } from '#event-stream/kafka/kafka';
import { isKafkaFailure } from '#event-stream/kafka/kafka-failure';
import { type KafkaStream, type KafkaStreamOptions, openKafkaStream } from '#event-stream/kafka/kafka-stream';
import { checkpointTopicOf, ensureTopics } from '#event-stream/kafka/topics';
import { createLogger } from '#platform/logging';
import { eventLine } from '#test/support/event-line';
import { uniqueName } from '#test/support/servers/unique-name';

export const log = createLogger('fatal');

export const client = (brokers: readonly string[]): Kafka =>
  createKafka({ brokers, clientId: 'contract', log });

export interface SendOptions {
  readonly partition?: number;
  /** Nobody shall see them. */
  readonly abort?: boolean;
}

/** A topic of events that is written as the relay does, and in ways it never would. */
export class TestTopic {
  readonly positions: number[] = [];
  private readonly next = new Map<number, number>();
  /** Per topic and partition, the offset after the end of its last transaction. */
  private readonly ends = new Map<string, Map<number, number>>();
  private readonly streams: KafkaStream[] = [];

  private constructor(
    readonly kafka: Kafka,
    readonly name: string,
    readonly partitions: number,
    readonly admin: Admin,
    private readonly producer: Producer,
  ) {}

  static async create(kafka: Kafka, partitions: number, name = uniqueName('events')): Promise<TestTopic> {
    const admin = kafka.admin();
    const producer = kafka.producer({
      transactionalId: uniqueName('relay'),
      maxInFlightRequests: 1,
      retry: { initialRetryTime: 10, retries: 20, maxRetryTime: 1_000 },
    });
    await Promise.all([admin.connect(), producer.connect()]);
    const topic = new TestTopic(kafka, name, partitions, admin, producer);
    await topic.make();
    return topic;
  }

  async make(): Promise<void> {
    const settings = { partitions: this.partitions, replication: 1, minInSync: 1, retentionDays: 1 };
    // A broker that is busy does not know of its new topic at once.
    await until(() =>
      ensureTopics(this.admin, { topic: this.name, ...settings }).then(
        () => true,
        (error) => {
          if (!isKafkaFailure(error)) throw error;
          return false;
        },
      ),
    );
  }

  async open(options: Partial<KafkaStreamOptions> = {}): Promise<KafkaStream> {
    const stream = await openKafkaStream({ kafka: this.kafka, topic: this.name, log, ...options });
    this.streams.push(stream);
    return stream;
  }

  /** Events and a checkpoint after them, in one transaction. */
  async send(events: number, { partition, abort = false }: SendOptions = {}): Promise<void> {
    const from = (this.positions.at(-1) ?? -1) + 1;
    const numbers = Array.from({ length: events }, (_, i) => from + i);
    const messages = numbers.map((position) => ({
      value: eventLine(position),
      partition: partition ?? position % this.partitions,
    }));
    if (abort) return this.sendMessages(messages, { abort });
    this.positions.push(...numbers);
    await this.sendMessages(messages, { position: numbers.at(-1)! });
  }

  async sendMessages(
    messages: readonly Message[],
    { abort = false, position }: { readonly abort?: boolean; readonly position?: number } = {},
  ): Promise<void> {
    const transaction = await this.producer.transaction();
    const record: ProducerRecord = { topic: this.name, messages: [...messages] };
    for (const { partition, baseOffset } of await transaction.send(record)) {
      const count = messages.filter((each) => each.partition === partition).length;
      if (!abort) this.next.set(partition, Number(baseOffset) + count);
      this.endsOf(this.name).set(partition, Number(baseOffset) + count + 1);
    }
    if (position !== undefined) {
      const checkpoint = encodeCheckpoint({ position, next: this.next });
      const topic = checkpointTopicOf(this.name);
      const [written] = await transaction.send({ topic, messages: [checkpoint] });
      this.endsOf(topic).set(0, Number(written!.baseOffset) + 2);
    }
    await (abort ? transaction.abort() : transaction.commit());
  }

  /** A transaction is complete only some time after its commit was answered. */
  async visible(): Promise<void> {
    for (const [topic, ends] of this.ends) {
      await until(async () => {
        const offsets = await this.admin.fetchTopicOffsets(topic);
        return offsets.every(({ partition, high }) => Number(high) >= (ends.get(partition) ?? 0));
      });
    }
  }

  private endsOf(topic: string): Map<number, number> {
    const ends = this.ends.get(topic) ?? new Map<number, number>();
    this.ends.set(topic, ends);
    return ends;
  }

  /** As retention does. */
  async deleteBefore(partition: number, offset: number): Promise<void> {
    await this.admin.deleteTopicRecords({
      topic: this.name,
      partitions: [{ partition, offset: String(offset) }],
    });
  }

  async delete(): Promise<void> {
    await this.admin.deleteTopics({ topics: [this.name, checkpointTopicOf(this.name)] });
    await until(async () => !(await this.admin.listTopics()).includes(this.name));
    this.ends.clear();
  }

  /** What has been opened, too. */
  async close(): Promise<void> {
    await Promise.all(this.streams.map((stream) => stream.close()));
    await Promise.all([this.producer.disconnect(), this.admin.disconnect()]);
  }
}

/** Reads on from what it has read, or where `resumeAt` says, until enough was seen. */
export class Reader {
  readonly batches: StreamBatch[] = [];
  /** Fails with what the consumption fails with. */
  readonly done: Promise<void>;
  readonly resumed: { readonly partition: number; readonly generation: number }[] = [];
  private readonly ending = new AbortController();

  constructor(
    stream: KafkaStream,
    resumeAt: (partition: number) => number = (partition) => this.nextOf(partition),
    taken: (batch: StreamBatch) => Promise<void> | void = () => {},
  ) {
    const options = {
      signal: this.ending.signal,
      resumeAt: async (partition: number, generation: number) => {
        this.resumed.push({ partition, generation });
        return resumeAt(partition);
      },
    };
    this.done = (async () => {
      for await (const batch of stream.consume(options)) {
        this.batches.push(batch);
        await taken(batch);
      }
    })();
    this.done.catch(() => {});
  }

  get positions(): number[] {
    return this.batches.flatMap(({ records }) => records.map(({ line }) => JSON.parse(line).position));
  }

  nextOf(partition: number): number {
    return (this.batches.filter((batch) => batch.partition === partition).at(-1)?.last ?? -1) + 1;
  }

  /** @throws what the consumption fails with meanwhile */
  async until(condition: (reader: Reader) => boolean, timeoutMs?: number): Promise<void> {
    const failed = this.done.then(() => {
      throw new Error('The consumption has ended.');
    });
    await Promise.race([until(async () => condition(this), timeoutMs), failed]);
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.done;
  }
}

export const until = async (condition: () => Promise<boolean>, timeoutMs = 15_000): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
