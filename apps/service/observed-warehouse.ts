import { createKafka } from '#event-stream/kafka/kafka';
import { openKafkaStream } from '#event-stream/kafka/kafka-stream';
import { topicPlaces } from '#event-stream/kafka/topic-places';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import { Holds } from '#warehouse/landing/holds';
import { ObservedLanding } from '#warehouse/landing/observed-landing';
import type { Closing } from './closing.js';
import { kafkaOptions, openClickHouse } from './connections.js';
import { processName } from './process-name.js';

/** The warehouse in which other processes land events, and how far they are. */
export const observeWarehouse = async (
  configuration: Configuration,
  application: string,
  log: Logger,
  closing: Closing,
) => {
  const warehouse = closing.opened(await openClickHouse(configuration));
  const kafka = createKafka(kafkaOptions(configuration, application, log));
  const { kafkaTopic: topic, kafkaPartitions: partitions } = configuration;
  const stream = closing.opened(await openKafkaStream({ kafka, topic, log }));
  const projector = new Holds({
    warehouse: await warehouse.connect(),
    holder: processName(application),
    partitions: async () => (await stream.watermarks()).keys(),
    log,
  });
  const landing = closing.opened(new ObservedLanding({ stream, published: stream.landed, projector, log }));
  const places = topicPlaces({ kafka, topic, partitions, stream, log });
  return { warehouse, stream, landing, places };
};
