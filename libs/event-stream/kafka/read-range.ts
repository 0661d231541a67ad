import { randomUUID } from 'node:crypto';
import kafkajs, { type Kafka, type PartitionAssigner } from 'kafkajs';
import type { Logger } from '#platform/logging';
import { FETCH_LIMITS } from './group-consumer.js';
import { textHeaders } from './records.js';
import { TopicOffsets } from './topic-offsets.js';
import { TopicReading } from './topic-reading.js';

export interface RangeOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** The first offset that is not read; at most the partition's high watermark, or the end is waited for. */
  readonly to: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export interface TopicRecord {
  readonly offset: number;
  readonly key: string | undefined;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The committed records of one partition between two offsets, in order, without having to do with those who land.
 * @throws StreamTruncated StreamRecreated when they are not all there
 */
export async function* readRange(options: RangeOptions): AsyncGenerator<readonly TopicRecord[]> {
  const { kafka, topic, partition, from, to, signal, log } = options;
  if (from >= to) return;
  const offsets = new TopicOffsets(kafka, topic);
  const reading = new TopicReading({
    kafka,
    topic,
    log,
    groupId: `${topic}.${randomUUID()}`,
    limits: { ...FETCH_LIMITS, maxWaitMs: 20 },
    assigner: onlyPartition(partition),
    watermarks: () => offsets.watermarks(),
  });
  let next = from;
  try {
    for await (const { messages, last } of reading.batches({ signal, resumeAt: async () => next })) {
      const records = messages.map(topicRecord).filter(({ offset }) => offset < to);
      next = last + 1;
      if (records.length > 0) yield records;
      if (next >= to) return;
    }
  } finally {
    await offsets.close();
  }
}

const topicRecord = ({ offset, key, value, headers }: kafkajs.KafkaMessage): TopicRecord => ({
  offset: Number(offset),
  key: key?.toString(),
  value,
  headers: textHeaders(headers),
});

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/** Of all partitions the only member of its group gets one. */
const onlyPartition =
  (partition: number): PartitionAssigner =>
  () => ({
    name: 'only-partition',
    version: 0,
    assign: async ({ members, topics }) =>
      members.map(({ memberId }) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({
          version: 0,
          assignment: Object.fromEntries(topics.map((topic) => [topic, [partition]])),
          userData: Buffer.alloc(0),
        }),
      })),
    protocol: ({ topics }) => ({
      name: 'only-partition',
      metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }),
    }),
  });
