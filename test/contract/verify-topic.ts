import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import type { Checkpoint } from '#event-stream/kafka/checkpoint-record';
import type { KafkaStream } from '#event-stream/kafka/kafka-stream';
import { type TopicEvent, topicEvent } from '#event-stream/kafka/topic-event';
import { topicPlaces } from '#event-stream/kafka/topic-places';
import { openTransactionalWriter } from '#event-stream/kafka/transactional-writer';
import { packageRoot } from '#platform/package-root';
import { appendSales } from '#test/support/sales';
import { Holds } from '#warehouse/landing/holds';
import { Landing } from '#warehouse/landing/landing';
import { migrate } from '#warehouse/migrations';
import { refill } from '#warehouse/verify/refill';
import { verify } from '#warehouse/verify/verify';
import type { Warehouse } from '#warehouse/warehouse';
import { log, TestTopic } from './event-stream-topic.js';

export const PARTITIONS = 3;
const AT_ONCE = 20;
const DEADLINE_MS = 120_000;

export const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`It never was so: ${what}`);
    await delay(20);
  }
};

/** An event store, a topic that is written from it as the relay does, and a warehouse. */
export class VerifiedSet {
  readonly places;
  private readonly dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  private readonly store = new SqliteEventStore(join(this.dir, 'events.db'));
  private checkpoint: Checkpoint = { position: -1, next: new Map() };
  private appended = 0;
  private landing: Landing | undefined;

  private constructor(
    kafka: Kafka,
    readonly warehouse: Warehouse,
    readonly topic: TestTopic,
    private readonly stream: KafkaStream,
    private readonly holding: Warehouse,
  ) {
    this.places = topicPlaces({ kafka, topic: topic.name, partitions: PARTITIONS, stream, log });
  }

  static async open(kafka: Kafka, warehouse: Warehouse): Promise<VerifiedSet> {
    await warehouse.command('DROP DATABASE IF EXISTS crm SYNC');
    await migrate(warehouse, join(packageRoot(), 'infra', 'clickhouse', 'schema'));
    await warehouse.command(
      'CREATE TABLE crm.seen_rows (position UInt64) ENGINE = MergeTree ORDER BY position SETTINGS non_replicated_deduplication_window = 100000',
    );
    await warehouse.command(
      'CREATE MATERIALIZED VIEW crm.seen TO crm.seen_rows AS SELECT position FROM crm.events',
    );
    const topic = await TestTopic.create(kafka, PARTITIONS);
    return new VerifiedSet(
      kafka,
      warehouse,
      topic,
      await topic.open({ maxWaitMs: 20 }),
      await warehouse.connect(),
    );
  }

  /** @param change what the topic gets instead of what it should */
  async send(
    count: number,
    change: (events: TopicEvent[]) => TopicEvent[] = (events) => events,
  ): Promise<number> {
    const position = await appendSales(this.store, this.appended, count);
    this.appended += count;
    const { kafka, name } = this.topic;
    const writer = await openTransactionalWriter({ kafka, topic: name, name: 'test' });
    try {
      let batch: TopicEvent[] = [];
      const write = async () => {
        const last = batch.at(-1)?.position;
        if (last === undefined) return;
        const written = await writer.write(change(batch), this.checkpoint);
        this.checkpoint = { ...written, position: last };
        batch = [];
      };
      for await (const event of this.store.readAll({ after: this.checkpoint.position })) {
        batch.push(topicEvent(event, PARTITIONS));
        if (batch.length === AT_ONCE) await write();
      }
      await write();
    } finally {
      await writer.close();
    }
    return position;
  }

  start(): Landing {
    const { stream, warehouse } = this;
    this.landing = new Landing({ stream, warehouse, log, writer: 'test' });
    return this.landing;
  }

  async stop(): Promise<void> {
    await this.landing?.stop();
    this.landing = undefined;
  }

  landedUpTo(position: number): Promise<void> {
    return until(`landed up to ${position}`, () => this.landedPosition() >= position);
  }

  private landedPosition(): number {
    return this.landing?.landed().position ?? -1;
  }

  verify() {
    const upTo = this.landedPosition();
    return verify(this.store, this.warehouse, { places: this.places, upTo });
  }

  /** As another process than the one that lands. */
  refill(from = 0, warehouse = this.warehouse) {
    return refill(this.store, warehouse, {
      places: this.places,
      projector: new Holds({
        warehouse: this.holding,
        holder: 'a refill',
        partitions: async () => (await this.stream.watermarks()).keys(),
        log,
      }),
      log,
      from,
      landedPosition: () => this.landedPosition(),
    });
  }

  /** Rows in crm.events, different ones, and rows that a view has seen. */
  async counts() {
    const [row] = await this.warehouse.rows<{ rows: number; events: number; places: number; seen: number }>(
      `SELECT count() AS rows, uniqExact(position) AS events, uniqExact(partition, offset) AS places,
         (SELECT count() FROM crm.seen_rows) AS seen FROM crm.events`,
    );
    return row;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.topic.close();
    await this.holding.close();
    await this.store.close();
    rmSync(this.dir, { recursive: true });
  }
}

/** Fails as a process that is killed does: from some insert on nothing is done. The insert itself may have been. */
export const killedAt = (warehouse: Warehouse, insert: number, done: boolean): Warehouse => {
  let inserts = 0;
  return new Proxy(warehouse, {
    get: (target, name) => {
      if (name !== 'insertLines') {
        const value = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      }
      return async (...args: Parameters<Warehouse['insertLines']>) => {
        inserts += 1;
        if (inserts > insert || (inserts === insert && !done)) throw new Error('killed');
        await target.insertLines(...args);
        if (inserts === insert) throw new Error('killed');
      };
    },
  });
};
