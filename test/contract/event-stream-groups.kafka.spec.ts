import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import type { StreamBatch } from '#event-stream/event-stream';
import { openLandedOffsets } from '#event-stream/kafka/landed-offsets';
import { describeWithKafka, type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { client, Reader, TestTopic, until } from './event-stream-topic.js';

const PARTITIONS = 4;

describeWithKafka('several who share the partitions', () => {
  let server: KafkaForTests;
  let kafka: Kafka;
  let topic: TestTopic;
  beforeAll(async () => {
    server = await kafkaForTests();
    kafka = client(server.brokers);
  }, 90_000);
  afterAll(() => server?.stop());
  beforeEach(async () => {
    topic = await TestTopic.create(kafka, PARTITIONS);
  });
  afterEach(() => topic.close());

  const group = async () => (await topic.admin.describeGroups([`${topic.name}.projector`])).groups[0]!;

  it('get every event from the owner of the newest generation when they come and go under load', async () => {
    /** Takes the place of the warehouse: what has landed, and who was the last to ask for a partition. */
    const landed = new Map<number, number>();
    const owner = new Map<number, { reader: string; generation: number }>();
    const seen: number[] = [];
    let stale = 0;
    const join = async (reader: string) => {
      const stream = await topic.open({ bytesPerPartition: 2_000, maxWaitMs: 20 });
      const ended = new AbortController();
      const run = async () => {
        const consumption = stream.consume({
          signal: ended.signal,
          resumeAt: async (partition, generation) => {
            owner.set(partition, { reader, generation });
            return landed.get(partition) ?? 0;
          },
        });
        let newest = 0;
        for await (const batch of consumption) {
          const { partition, generation, first, last, records } = batch;
          // Generations rise, for every reader by itself.
          expect(generation).toBeGreaterThanOrEqual(newest);
          newest = generation;
          const owned = owner.get(partition);
          if (owned?.reader !== reader || owned.generation !== generation) {
            stale += 1;
            continue;
          }
          expect(first).toBe(landed.get(partition) ?? 0);
          landed.set(partition, last + 1);
          seen.push(...records.map(({ line }) => JSON.parse(line).position));
        }
      };
      const done = run();
      done.catch(() => {});
      const leave = async () => {
        ended.abort();
        await done;
      };
      return { stream, leave };
    };
    const has = (reader: { stream: { status(): { partitions: readonly number[] } } }, count: number) =>
      until(async () => reader.stream.status().partitions.length === count);

    let loading = true;
    const load = (async () => {
      while (loading) await topic.send(40);
    })();
    const one = await join('one');
    await has(one, 4);
    const two = await join('two');
    await Promise.all([has(one, 2), has(two, 2)]);
    const three = await join('three');
    await until(async () => three.stream.status().partitions.length > 0);
    await one.leave();
    await Promise.all([has(two, 2), has(three, 2)]);
    await two.leave();
    await has(three, 4);
    loading = false;
    await load;
    await until(async () => seen.length >= topic.positions.length);
    await three.leave();
    expect(seen.sort((a, b) => a - b)).toEqual(topic.positions);
    expect(stale).toBeLessThan(seen.length);
  });

  it('are asked again where to go on after every rebalance, also for a partition that they keep', async () => {
    const stream = await topic.open();
    const reader = new Reader(stream);
    await until(async () => reader.resumed.length === PARTITIONS);
    const [before] = reader.resumed;
    const other = new Reader(await topic.open());
    await until(async () => other.resumed.length === 2 && stream.status().partitions.length === 2);
    const kept = stream.status().partitions[0]!;
    await until(async () =>
      reader.resumed.some(
        ({ partition, generation }) => partition === kept && generation > before!.generation,
      ),
    );
    await Promise.all([reader.stop(), other.stop()]);
  });

  it('drop what was fetched for them before a rebalance', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const batches: StreamBatch[] = [];
    const stream = await topic.open({ bytesPerPartition: 100, maxWaitMs: 20 });
    for (let i = 0; i < 5; i++) await topic.send(40);
    const reader = new Reader(stream, undefined, async (batch) => {
      batches.push(batch);
      await held;
    });
    await reader.until(() => batches.length === 1);
    const { generation } = stream.status();
    const other = new Reader(await topic.open());
    await until(async () => other.resumed.length === 2);
    await until(async () => stream.status().generation > generation);
    release();
    await until(async () => [...reader.positions, ...other.positions].length >= 200);
    expect(batches.slice(1).every((batch) => batch.generation > generation)).toBe(true);
    await Promise.all([reader.stop(), other.stop()]);
  });

  it('stay in the group, and hold little, while a consumer is busy for longer than the session', async () => {
    const sessionTimeoutMs = 2_000;
    for (let i = 0; i < 10; i++) await topic.send(200);
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stream = await topic.open({ sessionTimeoutMs, bytesPerPartition: 20_000, heldBytes: 50_000 });
    const reader = new Reader(stream, undefined, () => held);
    await reader.until(({ batches }) => batches.length === 1);
    const { generation } = stream.status();
    const members = (await group()).members.map(({ memberId }) => memberId);
    const busyUntil = performance.now() + 2.5 * sessionTimeoutMs;
    // An hour of back-pressure looks like this, only longer.
    await until(async () => performance.now() > busyUntil);
    // What is held by then is all that is ever held: nothing has been fetched for longer than a session.
    expect(stream.status().fetchedAt).toBeLessThan(Date.now() - sessionTimeoutMs);
    expect(stream.status()).toMatchObject({ connected: true, generation });
    expect((await group()).members.map(({ memberId }) => memberId)).toEqual(members);
    release();
    await reader.until(({ positions }) => positions.length === topic.positions.length);
    await reader.stop();
    expect(reader.resumed).toHaveLength(PARTITIONS);
    expect(reader.positions.sort((a, b) => a - b)).toEqual(topic.positions);
  });

  it('leave the group at once', async () => {
    const reader = new Reader(await topic.open());
    await reader.until(({ resumed }) => resumed.length === PARTITIONS);
    expect((await group()).members).toHaveLength(1);
    const began = performance.now();
    await reader.stop();
    expect(performance.now() - began).toBeLessThan(3_000);
    expect((await group()).members).toEqual([]);
  });

  it('publish what has landed to those who are no members, and never less than before', async () => {
    const others = openLandedOffsets({ kafka, topic: topic.name });
    expect(await others.read()).toEqual(new Map());
    for (let i = 0; i < 3; i++) await topic.send(40);
    const stream = await topic.open();
    await stream.landed.publish(new Map([[0, 5]])); // not a member yet
    const reader = new Reader(stream);
    await reader.until(({ positions }) => positions.length === 120);
    await until(async () => (await others.read()).get(0) === 5);
    await stream.landed.publish(
      new Map([
        [0, 20],
        [1, 30],
      ]),
    );
    await stream.landed.publish(new Map([[0, 10]]));
    const published = [
      [0, 20],
      [1, 30],
      [2, 0],
      [3, 0],
    ];
    expect([...(await others.read())].sort()).toEqual(published);
    expect([...(await stream.landed.read())].sort()).toEqual(published);
    await others.close();
    await reader.stop();
  });

  it('publish only what is their own', async () => {
    const [one, two] = [await topic.open(), await topic.open()];
    const readers = [new Reader(one, () => 0), new Reader(two, () => 0)];
    await until(async () => [one, two].every((stream) => stream.status().partitions.length === 2));
    await until(async () => (await one.landed.read()).size === PARTITIONS);
    await topic.send(400);
    const mine = one.status().partitions;
    await one.landed.publish(new Map([0, 1, 2, 3].map((partition) => [partition, 50])));
    const landed = await one.landed.read();
    for (const partition of [0, 1, 2, 3])
      expect(landed.get(partition)).toBe(mine.includes(partition) ? 50 : 0);
    // What could not be published is, when it has become our own.
    await readers[1]!.stop();
    await until(async () => [...(await one.landed.read()).values()].every((next) => next === 50));
    await readers[0]!.stop();
  });
});
