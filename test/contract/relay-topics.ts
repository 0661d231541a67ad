import type { TopicOptions } from '#event-stream/kafka/topics';

export const relayTopics = (topic: string): TopicOptions => ({
  topic,
  partitions: 3,
  replication: 1,
  minInSync: 1,
  retentionDays: 1,
});
