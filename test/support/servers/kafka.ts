import { type KafkaServer, startKafka } from '#apps/distributed/servers/kafka';
import { kafkaObstacle } from '#apps/distributed/servers/kafka-distribution';
import { describeUnless } from './describe-unless.js';

export { type KafkaServer, startKafka };

/** A broker that may be shared with other suites: give topics and groups names of their own (uniqueName). */
export interface KafkaForTests {
  readonly brokers: string[];
  stop(): Promise<void>;
}

/** The brokers of KAFKA_BROKERS, or else one that is started here. */
export const kafkaForTests = async (): Promise<KafkaForTests> => {
  const shared = process.env.KAFKA_BROKERS;
  return shared ? { brokers: shared.split(','), stop: async () => {} } : startKafka();
};

/** `npm test` has tried before us. */
const obstacle = () => process.env.TEST_WITHOUT_KAFKA ?? kafkaObstacle();

/** A suite that needs a broker, somebody's or its own. */
export const describeWithKafka = describeUnless(() => (process.env.KAFKA_BROKERS ? undefined : obstacle()));

/** A suite that starts, and kills, a broker of its own. */
export const describeWithOwnKafka = describeUnless(obstacle);
