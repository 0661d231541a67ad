import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { type Checkpoint, decodeCheckpoint } from '#event-stream/kafka/checkpoint-record';
import { checkpointTopicOf } from '#event-stream/kafka/topics';

/** A record as whoever reads committed transactions only sees it. */
export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

const DEADLINE_MS = 60_000;

/**
 * All committed records of a topic, up to its end as of now, in the order of partitions and offsets: read with the
 * client alone, so that no part of the product stands between Kafka and a test.
 */
export const readTopic = async (kafka: Kafka, topic: string): Promise<TopicRecord[]> => {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const open = new Map(
    ends
      .filter(({ high, low }) => Number(high) > Number(low))
      .map((end) => [end.partition, Number(end.high)]),
  );
  const records: TopicRecord[] = [];
  if (open.size === 0) return records;
  const consumer = kafka.consumer({
    groupId: `test-${randomUUID()}`,
    maxWaitTimeInMs: 50,
    readUncommitted: false,
  });
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${topic} was not read to its end in ${DEADLINE_MS} ms`)),
        DEADLINE_MS,
      );
      // Told also for batches of which nothing is left: control records, and what was aborted.
      consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
        if (Number(lastOffset) + 1 >= (open.get(partition) ?? 0)) open.delete(partition);
        if (open.size > 0) return;
        clearTimeout(timer);
        resolve();
      });
      const run = consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch: { partition, messages } }) => {
          for (const { offset, key, value, headers } of messages)
            records.push({
              partition,
              offset: Number(offset),
              key: String(key ?? ''),
              value: String(value ?? ''),
              headers: Object.fromEntries(
                Object.entries(headers ?? {}).map(([name, v]) => [name, String(v)]),
              ),
            });
        },
      });
      run.catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
};

/** The checkpoints of a relay, from the oldest on. */
export const readCheckpoints = async (kafka: Kafka, topic: string): Promise<Checkpoint[]> =>
  (await readTopic(kafka, checkpointTopicOf(topic))).flatMap((record) => decodeCheckpoint(record) ?? []);
