import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import type { KafkaOptions } from '#event-stream/kafka/kafka';
import type { EventStore } from '#eventing/event-store';
import { type Configuration, demand } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';

// The stores of the distributed set, as the configuration names them.

/** @throws ConfigurationError */
export const openEventStore = (configuration: Configuration): EventStore =>
  new EventStoreDb(demand(configuration, 'eventStoreUrl').eventStoreUrl.reveal());

/** @throws ConfigurationError */
export const openClickHouse = (configuration: Configuration): Promise<Warehouse> => {
  const { clickhouseUrl: url, clickhouseUser: username } = demand(configuration, 'clickhouseUrl');
  const { clickhouseCluster: cluster, clickhousePassword } = configuration;
  return openWarehouse({ url, username, password: clickhousePassword?.reveal(), cluster });
};

/** @throws ConfigurationError */
export const kafkaOptions = (configuration: Configuration, clientId: string, log: Logger): KafkaOptions => {
  const { kafkaUsername: username, kafkaSaslMechanism: mechanism, kafkaPassword } = configuration;
  return {
    brokers: demand(configuration, 'kafkaBrokers').kafkaBrokers,
    clientId: `perennial-${clientId}`,
    tls: configuration.kafkaTls === 'true',
    ...(username !== undefined && {
      sasl: { mechanism, username, password: kafkaPassword?.reveal() ?? '' },
    }),
    log,
  };
};
