import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { describeWithOwnKafka, type KafkaServer, startKafka } from './kafka.js';
import { uniqueName } from './unique-name.js';

describeWithOwnKafka('a broker of our own', () => {
  let server: KafkaServer;
  const kafka = () => new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING });

  beforeAll(async () => {
    server = await startKafka();
  });

  afterAll(() => server?.stop());

  it('keeps its topics, its records and its address when it is killed and started again', async () => {
    const topic = uniqueName('kept');
    const { brokers } = server;
    const admin = kafka().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true });
    const producer = kafka().producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ value: 'one', partition: 1 }] });
    await producer.disconnect();
    await admin.disconnect();

    await server.kill('SIGKILL');
    await server.restart();

    expect(server.brokers).toEqual(brokers);
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    expect(offsets.map(({ partition, high }) => [partition, high])).toEqual([
      [0, '0'],
      [1, '1'],
    ]);
  });
});
