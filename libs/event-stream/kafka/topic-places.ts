import type { Kafka } from 'kafkajs';
import { PerennialError } from '#eventing/errors';
import type { Logger } from '#platform/logging';
import type { EventPlaces } from '../event-places.js';
import type { KafkaStream } from './kafka-stream.js';
import { partitionOf } from './partition.js';
import { readRange } from './read-range.js';
import { topicKey } from './topic-event.js';

export interface TopicPlacesOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly stream: Pick<KafkaStream, 'watermarks' | 'checkpointsRead' | 'positionBelow'>;
  readonly log: Logger;
}

/** The events of a store in the topic that a relay writes them to. */
export const topicPlaces = ({ kafka, topic, partitions, stream, log }: TopicPlacesOptions): EventPlaces => ({
  partitionOf: (event) => partitionOf(topicKey(event), partitions),
  offsetOf: () => undefined,
  topic: {
    watermarks: async () => {
      const watermarks = await stream.watermarks();
      if (watermarks.size !== partitions)
        throw new PerennialError(
          'refused',
          'topic-settings',
          `${topic} has ${watermarks.size} partitions, but ${partitions} are configured.`,
        );
      return watermarks;
    },
    written: async () => {
      await stream.checkpointsRead();
      return stream.positionBelow(
        new Map(Array.from({ length: partitions }, (_, partition) => [partition, Number.POSITIVE_INFINITY])),
      );
    },
    read: async function* (range) {
      for await (const records of readRange({ kafka, topic, log, ...range }))
        yield records.map(({ value, ...record }) => ({ ...record, line: value?.toString() ?? '' }));
    },
  },
});
