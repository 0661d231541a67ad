import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import { readRange, type TopicRecord } from '#event-stream/kafka/read-range';
import { eventLine } from '#test/support/event-line';
import { describeWithKafka, type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { eventStreamContract } from './event-stream.contract.js';
import { client, log, Reader, TestTopic } from './event-stream-topic.js';

const PARTITIONS = 3;
const AT_ONCE = 10;

describeWithKafka('the event stream', () => {
  let server: KafkaForTests;
  let kafka: Kafka;
  beforeAll(async () => {
    server = await kafkaForTests();
    kafka = client(server.brokers);
  }, 90_000);
  afterAll(() => server?.stop());

  eventStreamContract('Kafka', async () => {
    const topic = await TestTopic.create(kafka, PARTITIONS);
    // Small answers, so that there are several.
    const stream = await topic.open({ bytesPerPartition: 1_000, bytes: 3_000, maxWaitMs: 20 });
    return {
      stream,
      append: async (events) => {
        for (let i = 0; i < events; i += AT_ONCE) await topic.send(Math.min(AT_ONCE, events - i));
        await topic.visible();
        return topic.positions;
      },
      known: () => stream.checkpointsRead(),
      tearDown: () => topic.close(),
    };
  });

  describe('a topic of one partition', () => {
    let topic: TestTopic;
    beforeEach(async () => {
      topic = await TestTopic.create(kafka, 1);
    });
    afterEach(() => topic.close());

    const high = async () => {
      await topic.visible();
      return Number((await topic.admin.fetchTopicOffsets(topic.name))[0]!.high);
    };
    const last = ({ batches }: Reader) => batches.at(-1)?.last;

    it('is read to its end, control records included, where nobody sees them', async () => {
      for (let i = 0; i < 5; i++) await topic.send(3);
      const end = await high();
      expect(end).toBe(20);
      const reader = new Reader(await topic.open());
      await reader.until((each) => last(each) === end - 1);
      await reader.stop();
      expect(reader.positions).toEqual(topic.positions);
      expect(reader.batches.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(
        Array.from({ length: end }, (_, offset) => offset).filter((offset) => offset % 4 !== 3),
      );
    });

    it('shows nothing of aborted transactions, but passes them, also when nothing follows', async () => {
      await topic.send(4, { abort: true });
      await topic.send(3);
      await topic.send(5, { abort: true });
      const reader = new Reader(await topic.open({ bytesPerPartition: 100 }));
      const end = await high();
      await reader.until((each) => last(each) === end - 1);
      await topic.send(2, { abort: true });
      await reader.until((each) => last(each) === end + 2);
      await topic.send(1);
      await reader.until(({ positions }) => positions.length === 4);
      await reader.stop();
      expect(reader.positions).toEqual(topic.positions);
      let next = 0;
      for (const batch of reader.batches) {
        expect(batch.first).toBe(next);
        next = batch.last + 1;
      }
    });

    it('shows nothing of an open transaction', async () => {
      await topic.send(1);
      const other = kafka.producer({ transactionalId: `${topic.name}-other`, maxInFlightRequests: 1 });
      await other.connect();
      const open = await other.transaction();
      await open.send({ topic: topic.name, messages: [{ value: '{"position":99}', partition: 0 }] });
      await topic.send(1);
      const reader = new Reader(await topic.open());
      await reader.until(({ positions }) => positions.length === 1);
      await open.commit();
      await reader.until(({ positions }) => positions.length === 3);
      await other.disconnect();
      await reader.stop();
      expect(reader.positions).toEqual([0, 99, 1]);
    });

    it('gives headers as texts, times of the events, and what cannot be landed as it is', async () => {
      const line = eventLine(0);
      const now = Date.now();
      await topic.sendMessages([
        { value: line, partition: 0, headers: { type: 'Sold', n: 'ü' } },
        { value: null, partition: 0 },
      ]);
      await topic.sendMessages([{ value: Buffer.from([0xff, 0xfe]), partition: 0 }]);
      await topic.visible();
      const reader = new Reader(await topic.open({ bytesPerPartition: 100 }));
      await reader.until(() => reader.nextOf(0) === 5);
      await reader.stop();
      expect(reader.batches.flatMap(({ records }) => records)).toEqual([
        { offset: 0, line, checked: false, headers: { type: 'Sold', n: 'ü' } },
        { offset: 1, line: '', checked: false, headers: {} },
        { offset: 3, line: expect.stringContaining('not UTF-8'), checked: false, headers: {} },
      ]);
      const times = new Map(reader.batches.map(({ first, recordedAt }) => [first, recordedAt]));
      expect(times.get(0)).toBe(Date.parse(JSON.parse(line).recorded_at));
      // Of what is no event, when it came to the topic.
      expect(reader.batches.at(-1)!.recordedAt).toBeGreaterThan(now - 1_000);
    });

    it('tells that retention has deleted what is wanted, instead of leaving it out', async () => {
      await topic.send(10);
      await topic.deleteBefore(0, 5);
      const reader = new Reader(await topic.open(), () => 4);
      await expect(reader.done).rejects.toMatchObject({
        code: 'stream-truncated',
        partition: 0,
        wanted: 4,
        low: 5,
        message: expect.stringContaining('perennial refill'),
      });
      expect(reader.batches).toEqual([]);
      const right = new Reader(await topic.open(), () => 5);
      await right.until(({ positions }) => positions.length === 5);
      await right.stop();
    });

    it('tells it also when it is deleted while the consumer is busy', async () => {
      await topic.send(10);
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      // One byte: while a batch is held, nothing more is fetched.
      const stream = await topic.open({ heldBytes: 1, bytesPerPartition: 100 });
      const reader = new Reader(stream, undefined, () => held);
      await reader.until(({ batches }) => batches.length === 1);
      for (let i = 0; i < 5; i++) await topic.send(10);
      await topic.deleteBefore(0, 50);
      release();
      await expect(reader.done).rejects.toMatchObject({ code: 'stream-truncated', low: 50 });
      expect(reader.positions).toEqual(topic.positions.slice(0, reader.positions.length));
    });

    it('tells that a topic was made anew, when it is shorter than what was read', async () => {
      await topic.send(10);
      await topic.delete();
      await topic.make();
      await topic.send(2);
      await topic.visible();
      const reader = new Reader(await topic.open(), () => 11);
      await expect(reader.done).rejects.toMatchObject({ code: 'stream-recreated', wanted: 11, high: 3 });
      expect(reader.batches).toEqual([]);
    });

    it('tells it also while it is being read', async () => {
      await topic.send(10);
      const reader = new Reader(await topic.open());
      await reader.until(({ positions }) => positions.length === 10);
      await topic.delete();
      await topic.make();
      await topic.send(2);
      await expect(reader.done).rejects.toMatchObject({ code: 'stream-recreated', wanted: 11 });
    });

    it('waits for a topic that is not there yet', async () => {
      const early = await topic.open({ topic: `${topic.name}.early` });
      const reader = new Reader(early);
      await reader.until(() => early.status().error !== undefined);
      const late = await TestTopic.create(kafka, 1, `${topic.name}.early`);
      await late.send(2);
      await reader.until(({ positions }) => positions.length === 2);
      await reader.stop();
      await late.close();
    });
  });

  it('reads a range of one partition, and leaves those who land alone', async () => {
    const topic = await TestTopic.create(kafka, PARTITIONS);
    for (let i = 0; i < 6; i++) await topic.send(30);
    await topic.send(30, { abort: true });
    const reader = new Reader(await topic.open());
    await reader.until(({ positions }) => positions.length === 180);
    const records: TopicRecord[] = [];
    const { signal } = new AbortController();
    const range = { kafka, topic: topic.name, partition: 1, from: 5, to: 40, signal, log };
    for await (const batch of readRange(range)) records.push(...batch);
    // Ten events of a transaction in every partition, and its end.
    const offsets = Array.from({ length: 35 }, (_, i) => 5 + i).filter((offset) => offset % 11 !== 10);
    expect(records.map(({ offset }) => offset)).toEqual(offsets);
    expect(records.map(({ value }) => JSON.parse(String(value)).position)).toEqual(
      offsets.map((offset) => Math.floor(offset / 11) * 30 + (offset % 11) * 3 + 1),
    );
    const aborted = { ...range, from: 66, to: 77 };
    for await (const batch of readRange(aborted)) expect(batch).toEqual([]);
    await topic.deleteBefore(1, 6);
    await expect(readRange(range).next()).rejects.toMatchObject({ code: 'stream-truncated' });
    expect(reader.resumed).toHaveLength(PARTITIONS);
    await reader.stop();
    await topic.close();
  });
});
