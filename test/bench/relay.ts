import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Kafka } from 'kafkajs';
import { startKafka } from '#apps/distributed/servers/kafka';
import { startRelay } from '#apps/relay/relay';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { createKafka } from '#event-stream/kafka/kafka';
import { type TopicEvent, topicEvent } from '#event-stream/kafka/topic-event';
import { ensureTopics } from '#event-stream/kafka/topics';
import { createLogger } from '#platform/logging';
import { inFolder, percentile, perSecond, report, timed } from './measure.js';
import { type CatchUp, catchUp, cpuText, load, memoryOf, metricOf, startDouble, startPart } from './parts.js';
import { salesEvents, streamOf } from './sales-events.js';

/**
 * The relay as a process that catches up, from the double of EventStoreDB; what it would do from SQLite, without gRPC
 * and without the double; and a bare producer of kafkajs that commits the same bytes in transactions of the same size.
 * After that one event at a time through the idle relay.
 */
const EVENTS = Number(process.argv[2] ?? 200_000);
const SINGLE = Number(process.argv[3] ?? 100);
const PER_TRANSACTION = 5_000;
const PARTITIONS = 4;
const APPENDED_AT_ONCE = 10_000;

const log = createLogger('error');
const topics = (topic: string) => ({
  topic,
  partitions: PARTITIONS,
  replication: 1,
  minInSync: 1,
  retentionDays: 14,
});

const fill = async (file: string): Promise<void> => {
  const store = new SqliteEventStore(file);
  const events = salesEvents(EVENTS);
  for (let from = 0; from < EVENTS; from += APPENDED_AT_ONCE)
    await Promise.all(
      events
        .slice(from, from + APPENDED_AT_ONCE)
        .map((event) => store.append(streamOf(event), [event], { expectedRevision: 'no-stream' })),
    );
  await store.close();
};

const make = async (kafka: Kafka, topic: string): Promise<void> => {
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, topics(topic));
  await admin.disconnect();
};

/** Nothing but kafkajs: messages that are ready, compressed as the relay's are, a commit for every 5,000. */
const bareProducer = async (kafka: Kafka, store: SqliteEventStore): Promise<number> => {
  const all: TopicEvent[] = [];
  for await (const event of store.readAll({})) all.push(topicEvent(event, PARTITIONS));
  await make(kafka, 'bench.bare');
  const producer = kafka.producer({
    transactionalId: 'bench.bare',
    maxInFlightRequests: 1,
    retry: { initialRetryTime: 10, multiplier: 2, retries: 8 },
  });
  await producer.connect();
  const seconds = await timed(async () => {
    for (let from = 0; from < all.length; from += PER_TRANSACTION) {
      const transaction = await producer.transaction();
      const messages = all.slice(from, from + PER_TRANSACTION).map(({ key, value, partition, headers }) => ({
        key,
        value,
        partition,
        headers,
      }));
      await transaction.send({ topic: 'bench.bare', messages, compression: kafkajs.CompressionTypes.GZIP });
      await transaction.commit();
    }
  });
  await producer.disconnect();
  return all.length / seconds;
};

/** The relay in this process, on the file itself. */
const fromSqlite = async (kafka: Kafka, eventStore: SqliteEventStore): Promise<CatchUp> => {
  const relay = startRelay({ eventStore, kafka, topics: topics('bench.sqlite'), log });
  relay.done.catch((error: unknown) => console.error(error));
  const result = await catchUp(() => relay.status().position ?? 0, EVENTS, { relay: process.pid });
  await relay.stop();
  return result;
};

/** The adapter alone, in this process. */
const reading = async (url: string): Promise<number> => {
  const store = new EventStoreDb(url);
  const stop = new AbortController();
  let read = 0;
  const seconds = await timed(async () => {
    for await (const batch of store.subscribeToAll({ signal: stop.signal, batchSize: 1_000 })) {
      read += batch.length;
      if (read >= EVENTS) stop.abort();
    }
  });
  await store.close();
  return EVENTS / seconds;
};

/** From an append to the event in the hands of a consumer that reads what is committed. */
const freshness = async (kafka: Kafka, url: string, topic: string): Promise<number[]> => {
  const store = new EventStoreDb(url);
  const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 100 });
  const arrived = new Map<string, () => void>();
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: false });
  const joined = new Promise<void>((resolve) => consumer.on(consumer.events.GROUP_JOIN, () => resolve()));
  await consumer.run({
    eachMessage: async ({ message }) => arrived.get(message.headers?.['event-id']?.toString() ?? '')?.(),
  });
  await joined;
  const delays: number[] = [];
  // Others than those that are there; the first ten warm it up.
  for (const event of salesEvents(SINGLE + 10, 8)) {
    const began = performance.now();
    const here = new Promise<void>((resolve) => arrived.set(event.id, resolve));
    await store.append(streamOf(event), [event], { expectedRevision: 'no-stream' });
    // A consumer that has just joined may stand behind the first one.
    const inTime = await Promise.race([here.then(() => true), delay(5_000, false)]);
    if (inTime) delays.push(performance.now() - began);
    await delay(50 + (delays.length % 10) * 10);
  }
  await consumer.disconnect();
  await store.close();
  return delays.slice(-SINGLE);
};

await inFolder(async (dir) => {
  const file = join(dir, 'events.db');
  await fill(file);
  const server = await startKafka({ dir: join(dir, 'kafka') });
  const kafka = createKafka({ brokers: server.brokers, clientId: 'bench', log });
  const double = await startDouble(dir, file);
  try {
    report('machine', load());
    const sqlite = new SqliteEventStore(file);
    const bare = await bareProducer(kafka, sqlite);
    report('bare transactional producer of the same bytes', perSecond(bare), load());
    const direct = await fromSqlite(kafka, sqlite);
    report('relay from SQLite, in one process', perSecond(direct.rate), load());
    report('  microseconds of CPU an event', cpuText(direct.cpuMicroseconds));
    await sqlite.close();
    report('reading the double through the adapter alone', perSecond(await reading(double.url)), load());

    const relay = await startPart('relay', dir, {
      EVENTSTORE_URL: double.url,
      KAFKA_BROKERS: server.brokers.join(','),
      KAFKA_TOPIC: 'bench.relay',
    });
    const watched = { relay: relay.pid, double: double.pid, Kafka: server.pid };
    const whole = await catchUp(() => metricOf(relay.url, 'perennial_relay_events_total'), EVENTS, watched);
    report('relay process from the double', perSecond(whole.rate), `goal 20,000/s; ${load()}`);
    report('  microseconds of CPU an event', cpuText(whole.cpuMicroseconds));
    report('  against the bare producer', (whole.rate / bare).toFixed(2));

    const delays = await freshness(kafka, double.url, 'bench.relay');
    const [p50, p99] = [percentile(delays, 0.5), percentile(delays, 0.99)];
    report(
      `one event through the idle relay, p50 of ${delays.length}`,
      `${p50.toFixed(0)} ms`,
      'goal 200 ms',
    );
    report('  p99', `${p99.toFixed(0)} ms`, load());
    const { now, most } = memoryOf(relay.pid);
    report('memory of the relay, now and at most', `${now.toFixed(0)}, ${most.toFixed(0)} MB`);
    await relay.stop();
  } finally {
    await Promise.all([double.stop(), server.stop()]);
  }
});
