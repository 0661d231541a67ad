import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Admin } from 'kafkajs';
import { createKafka } from '#event-stream/kafka/kafka';
import { checkpointTopicOf, ensureTopics, MAX_MESSAGE_BYTES } from '#event-stream/kafka/topics';
import { silent } from '#test/support/process-stores';
import { describeWithKafka, type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { uniqueName } from '#test/support/servers/unique-name';

describeWithKafka('the topics of the relay', () => {
  let server: KafkaForTests;
  let admin: Admin;
  beforeAll(async () => {
    server = await kafkaForTests();
    admin = createKafka({ brokers: server.brokers, clientId: 'test', log: silent }).admin();
    await admin.connect();
  }, 90_000);
  afterAll(async () => {
    await admin?.disconnect();
    await server?.stop();
  });

  const wanted = (topic: string) => ({
    topic,
    partitions: 3,
    replication: 1,
    minInSync: 1,
    retentionDays: 14,
  });

  it('are made by whoever comes first, also when several do, and are right then', async () => {
    const options = wanted(uniqueName('made'));
    await Promise.all([
      ensureTopics(admin, options),
      ensureTopics(admin, options),
      ensureTopics(admin, options),
    ]);
    await ensureTopics(admin, options);
    const { topics } = await admin.fetchTopicMetadata({
      topics: [options.topic, checkpointTopicOf(options.topic)],
    });
    const counts = new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
    expect(counts.get(options.topic)).toBe(3);
    expect(counts.get(checkpointTopicOf(options.topic))).toBe(1);
  });

  it('are checked when they are there: everything wrong is named, with what it must be', async () => {
    const options = wanted(uniqueName('checked'));
    const entries = (settings: Record<string, string>) =>
      Object.entries(settings).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      waitForLeaders: false, // a busy broker does not know them yet
      topics: [
        {
          topic: options.topic,
          numPartitions: 2,
          configEntries: entries({
            'retention.ms': '3600000',
            'retention.bytes': '1000000',
            'max.message.bytes': '1000',
            'cleanup.policy': 'compact',
            'unclean.leader.election.enable': 'true',
          }),
        },
        { topic: checkpointTopicOf(options.topic), numPartitions: 2 },
      ],
    });
    const checking = ensureTopics(admin, { ...options, minInSync: 2, replication: 2 });
    await expect(checking).rejects.toMatchObject({ code: 'topic-settings' });
    const message = await checking.catch((error: Error) => error.message);
    const { topic } = options;
    for (const part of [
      `${topic} has partitions = 2, which must be 3`,
      `${topic} has retention.ms = 3600000, which must be at least 1209600000 (14 days)`,
      `${topic} has retention.bytes = 1000000, which must be -1`,
      `${topic} has max.message.bytes = 1000, which must be at least ${MAX_MESSAGE_BYTES}`,
      `${topic} has cleanup.policy = compact, which must be delete`,
      `${topic} has min.insync.replicas = 1, which must be at least 2`,
      `${topic} has unclean.leader.election.enable = true, which must be false`,
      `${topic} has replicas = 1, which must be at least 2`,
      `${topic}.checkpoint has replicas = 1, which must be at least 2`,
      `${topic}.checkpoint has partitions = 2, which must be 1`,
      `${topic}.checkpoint has cleanup.policy = delete, which must be compact`,
      `${topic}.checkpoint has min.insync.replicas = 1, which must be at least 2`,
    ])
      expect(message).toContain(part);
    expect(message).not.toContain(`${topic}.checkpoint has unclean`);
  });

  it('may keep more than was asked for', async () => {
    const options = wanted(uniqueName('more'));
    await ensureTopics(admin, options);
    await ensureTopics(admin, { ...options, retentionDays: 7 });
  });
});
