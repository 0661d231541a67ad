import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithOwnKafka, type KafkaServer, startKafka } from '#test/support/servers/kafka';
import { client, Reader, TestTopic, until } from './event-stream-topic.js';

describeWithOwnKafka('the event stream while the broker', () => {
  let server: KafkaServer;
  let topic: TestTopic;
  beforeAll(async () => {
    server = await startKafka();
    topic = await TestTopic.create(client(server.brokers), 2);
  }, 90_000);
  afterAll(async () => {
    await topic?.close();
    await server?.stop();
  });

  it('is killed goes on where it was, and tells that it is away', async () => {
    await topic.send(50);
    const stream = await topic.open();
    const reader = new Reader(stream);
    await reader.until(({ positions }) => positions.length === 50);
    expect(stream.status()).toMatchObject({ connected: true, error: undefined });
    await server.kill('SIGKILL');
    await reader.until(() => !stream.status().connected);
    await server.restart();
    await until(() =>
      topic.send(50).then(
        () => true,
        () => false,
      ),
    );
    await topic.visible();
    await reader.until((each) => new Set(each.positions).size >= 100 && stream.status().connected, 25_000);
    await stream.checkpointsRead();
    await reader.stop();
    expect(reader.positions).toHaveLength(new Set(reader.positions).size);
    const next = new Map([0, 1].map((partition) => [partition, reader.nextOf(partition)]));
    expect(stream.positionBelow(next)).toBe(topic.positions.at(-1));
  }, 90_000);

  it('is away can be opened, waits, and is closed at once', async () => {
    await server.kill('SIGKILL');
    const late = await topic.open();
    const reader = new Reader(late);
    const ended = new Reader(await topic.open());
    await until(async () => late.status().error !== undefined);
    expect(late.status().connected).toBe(false);
    const began = performance.now();
    await ended.stop();
    expect(performance.now() - began).toBeLessThan(3_000);
    await server.restart();
    await reader.until(({ positions }) => positions.length >= 100, 25_000);
    await reader.stop();
  }, 90_000);
});
