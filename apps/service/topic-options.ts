import type { TopicOptions } from '#event-stream/kafka/topics';
import type { Configuration } from '#platform/configuration';

export const topicOptions = (configuration: Configuration): TopicOptions => ({
  topic: configuration.kafkaTopic,
  partitions: configuration.kafkaPartitions,
  replication: configuration.kafkaReplication,
  minInSync: configuration.kafkaMinInSync,
  retentionDays: configuration.kafkaRetentionDays,
});
