import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import type { Checkpoint } from '#event-stream/kafka/checkpoint-record';
import { createKafka } from '#event-stream/kafka/kafka';
import { isFenced } from '#event-stream/kafka/kafka-failure';
import { partitionOf } from '#event-stream/kafka/partition';
import { topicEvent } from '#event-stream/kafka/topic-event';
import { checkpointTopicOf, ensureTopics, MAX_MESSAGE_BYTES } from '#event-stream/kafka/topics';
import {
  openTransactionalWriter,
  relayProducer,
  sendCheckpoint,
  sendEvents,
} from '#event-stream/kafka/transactional-writer';
import { silent } from '#test/support/process-stores';
import { sale } from '#test/support/sales';
import { describeWithKafka, type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { uniqueName } from '#test/support/servers/unique-name';
import { readCheckpoints, readTopic } from '#test/support/topic-records';

const PARTITIONS = 4;
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const NOTHING: Checkpoint = { position: -1, next: new Map() };

describeWithKafka('writing to Kafka in transactions', () => {
  let server: KafkaForTests;
  let kafka: Kafka;
  let topic: string;
  beforeAll(async () => {
    server = await kafkaForTests();
    kafka = createKafka({ brokers: server.brokers, clientId: 'test', log: silent });
  }, 90_000);
  beforeEach(async () => {
    topic = uniqueName('writer');
    const admin = kafka.admin();
    await admin.connect();
    await ensureTopics(admin, {
      topic,
      partitions: PARTITIONS,
      replication: 1,
      minInSync: 1,
      retentionDays: 1,
    });
    await admin.disconnect();
  });
  afterAll(() => server?.stop());

  const events = (from: number, count: number, note = '') =>
    Array.from({ length: count }, (_, i) => {
      const position = from + i;
      return topicEvent(
        {
          ...sale(position, note),
          position,
          stream: `sale-${position}`,
          revision: 0,
          recordedAt: '2024-05-01T10:00:00.000Z',
        },
        PARTITIONS,
      );
    });
  const open = (name = 'test') => openTransactionalWriter({ kafka, topic, name });
  /** A commit is answered before its markers are written: what it wrote may be for readers a moment later. */
  const read = async (atLeast: number) => {
    for (;;) {
      const records = await readTopic(kafka, topic);
      if (records.length >= atLeast) return records;
    }
  };
  const positions = async (atLeast = 0) =>
    (await read(atLeast)).map(({ value }) => JSON.parse(value).position).sort((a, b) => a - b);

  it('connecting fences nobody, the first transaction does', async () => {
    const old = relayProducer(kafka, topic);
    const successor = relayProducer(kafka, topic);
    await old.connect();
    const begun = await old.transaction();
    await sendEvents(begun, topic, events(0, 3), NOTHING);
    await successor.connect();
    await begun.commit();
    const second = await old.transaction();
    await sendEvents(second, topic, events(3, 3), NOTHING);
    await successor.transaction();
    expect(isFenced(await failure(second.commit()))).toBe(true);
    expect(await positions(3)).toEqual([0, 1, 2]);
    await Promise.all([old, successor].map((producer) => producer.disconnect()));
  });

  it('an opened writer has fenced out the one before, in the middle of whatever that does', async () => {
    const old = await open('old');
    const before = await old.write(events(0, 10), NOTHING);
    const successor = await open('successor');
    const late = old.write(events(10, 10), before);
    expect(isFenced(await failure(late))).toBe(true);
    await successor.write(events(10, 5), before);
    expect(await positions(15)).toEqual(Array.from({ length: 15 }, (_, i) => i));
    await Promise.all([old.close(), successor.close()]);
  });

  it('events and checkpoint appear together, or neither', async () => {
    const producer = relayProducer(kafka, topic);
    await producer.connect();
    const aborted = await producer.transaction();
    await sendCheckpoint(aborted, topic, await sendEvents(aborted, topic, events(0, 10), NOTHING));
    await aborted.abort();
    expect(await positions()).toEqual([]);
    expect(await readCheckpoints(kafka, topic)).toEqual([]);
    const committed = await producer.transaction();
    await sendCheckpoint(committed, topic, await sendEvents(committed, topic, events(0, 10), NOTHING));
    await committed.commit();
    expect(await positions(10)).toHaveLength(10);
    expect(await readCheckpoints(kafka, topic)).toHaveLength(1);
    await producer.disconnect();
  });

  it('what a writer sent and never committed is void when the next one has opened', async () => {
    const lost = relayProducer(kafka, topic);
    await lost.connect();
    const transaction = await lost.transaction();
    await sendCheckpoint(transaction, topic, await sendEvents(transaction, topic, events(0, 10), NOTHING));
    await lost.disconnect();
    const writer = await open();
    expect(await positions()).toEqual([]);
    expect(await readCheckpoints(kafka, topic)).toEqual([]);
    await writer.close();
  });

  it('the checkpoint knows where each partition ends, whatever offsets control records and aborts take', async () => {
    const writer = await open();
    let checkpoint = NOTHING;
    const expected: Checkpoint[] = [];
    for (const [from, count] of [
      [0, 1],
      [1, 40],
      [41, 2],
      [43, 300],
    ] as const) {
      checkpoint = await writer.write(events(from, count), checkpoint);
      expected.push(checkpoint);
    }
    const lost = relayProducer(kafka, topic);
    await lost.connect();
    const transaction = await lost.transaction();
    await sendEvents(transaction, topic, events(343, 20), checkpoint);
    await transaction.abort();
    await lost.disconnect();
    const successor = await open();
    expected.push(await successor.write(events(343, 20), checkpoint));
    const records = await readTopic(kafka, topic);
    expect(await readCheckpoints(kafka, topic)).toEqual(expected);
    for (const { position, next } of expected) {
      for (const [partition, end] of next) {
        const own = records.filter((record) => record.partition === partition);
        const upTo = own.filter(({ value }) => JSON.parse(value).position <= position);
        expect(end).toBe(Math.max(...upTo.map(({ offset }) => offset)) + 1);
      }
    }
    const offsets = records.filter(({ partition }) => partition === 0).map(({ offset }) => offset);
    expect(Math.max(...offsets) + 1).toBeGreaterThan(offsets.length); // there were gaps
    await Promise.all([writer.close(), successor.close()]);
  });

  it('writes each event under its customer or its stream, with what traces need beside it', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const recorded = { stream: 'campaign-1', revision: 0, recordedAt: '2024-05-01T10:00:00.000Z' };
    const of = (position: number, metadata: object) => {
      const event = sale(position);
      return topicEvent(
        { ...event, ...recorded, position, metadata: { ...event.metadata, ...metadata } },
        PARTITIONS,
      );
    };
    const writer = await open();
    await writer.write([of(1, { traceparent }), of(2, { customerId: null })], NOTHING);
    const records = await read(2);
    const byPosition = (position: number) =>
      records.find(({ value }) => JSON.parse(value).position === position)!;
    expect(byPosition(1)).toMatchObject({
      key: 'customer-1',
      partition: partitionOf('customer-1', PARTITIONS),
      headers: { 'event-id': sale(1).id, type: 'Sold', traceparent },
    });
    expect(byPosition(2)).toMatchObject({
      key: 'campaign-1',
      partition: partitionOf('campaign-1', PARTITIONS),
    });
    expect(byPosition(2).headers).not.toHaveProperty('traceparent');
    await writer.close();
  });

  it('writes more than a partition takes at once, in order', async () => {
    const writer = await open();
    const large = events(0, 12, 'x'.repeat(250_000)).map((event) => ({ ...event, partition: 1 }));
    const { next } = await writer.write(large, NOTHING);
    const records = await read(large.length);
    expect(records.map(({ value }) => JSON.parse(value).position)).toEqual(
      large.map(({ position }) => position),
    );
    expect(next.get(1)).toBe(records.at(-1)!.offset + 1);
    await writer.close();
  });

  it('takes a line as long as can be landed, and names one that the topic does not take', async () => {
    const writer = await open();
    const [longest] = events(0, 1, 'x'.repeat(1024 * 1024 - 700));
    await writer.write([longest!], NOTHING);
    expect(await positions(1)).toEqual([0]);
    const [tooLong] = events(7, 1, 'x'.repeat(MAX_MESSAGE_BYTES));
    await expect(writer.write([tooLong!], NOTHING)).rejects.toMatchObject({
      code: 'event-too-large-for-topic',
      message: expect.stringContaining('position 7 '),
    });
    await writer.close();
  });

  it('a transaction right after another does not wait as long as the client would', async () => {
    const writer = await open();
    let checkpoint = NOTHING;
    const took: number[] = [];
    for (let i = 0; i < 21; i++) {
      const began = performance.now();
      checkpoint = await writer.write(events(i, 1), checkpoint);
      took.push(performance.now() - began);
    }
    // The client's own first pause is 300 ms.
    expect(took.sort((a, b) => a - b)[10]).toBeLessThan(200);
    await writer.close();
  });

  it('marks in the checkpoint topic where it began', async () => {
    const writer = await open('relay a');
    const marks = (await readTopic(kafka, checkpointTopicOf(topic))).filter(({ key }) => key === 'writer');
    expect(marks).toEqual([expect.objectContaining({ offset: writer.mark })]);
    expect(JSON.parse(marks[0]!.value)).toMatchObject({ name: 'relay a' });
    await writer.close();
  });
});
