import kafkajs from 'kafkajs';
import { readTopic as recordsOf, type TopicRecord } from '#test/support/topic-records';

export type { TopicRecord };

/** Everything that committed transactions have left in a topic, by a client of the checker's own. */
export const readTopic = (brokers: string[], topic: string): Promise<TopicRecord[]> =>
  recordsOf(new kafkajs.Kafka({ brokers, clientId: 'checker', logLevel: kafkajs.logLevel.NOTHING }), topic);
