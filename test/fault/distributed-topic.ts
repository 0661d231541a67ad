import kafkajs from 'kafkajs';
import { uniqueName } from '#test/support/servers/unique-name';

/** A record as whoever reads committed transactions only sees it. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

const TOO_LONG_MS = 60_000;

/**
 * Everything that committed transactions have left in a topic, in the order of offsets: read with the client alone,
 * so that no part of the product stands between Kafka and the checker.
 */
export const readTopic = async (brokers: string[], topic: string): Promise<TopicRecord[]> => {
  const kafka = new kafkajs.Kafka({ brokers, clientId: 'checker', logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map<number, number>();
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
    if (Number(high) > Number(low)) ends.set(partition, Number(high));
  await admin.disconnect();
  const records: TopicRecord[] = [];
  if (ends.size === 0) return records;

  const consumer = kafka.consumer({ groupId: uniqueName('checker'), readUncommitted: false });
  const done = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${topic} was not read to its end in ${TOO_LONG_MS} ms: ${[...ends]}`)),
      TOO_LONG_MS,
    );
    // Told of batches without records, too: the last of a partition is a mark that ends a transaction.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      if (Number(lastOffset) + 1 >= (ends.get(partition) ?? Number.POSITIVE_INFINITY)) ends.delete(partition);
      if (ends.size > 0) return;
      clearTimeout(timer);
      resolve();
    });
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { offset, key, value, headers } of batch.messages)
          records.push({
            partition: batch.partition,
            offset: Number(offset),
            key: String(key ?? ''),
            value: String(value ?? ''),
            headers: Object.fromEntries(
              Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)]),
            ),
          });
      },
    });
    await done;
  } finally {
    await consumer.disconnect();
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
};
