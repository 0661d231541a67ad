import {
  CompressionTypes,
  type ICustomPartitioner,
  type Kafka,
  type Message,
  type Producer,
  type Transaction,
} from 'kafkajs';
import { PerennialError } from '#eventing/errors';
import { type Checkpoint, encodeCheckpoint } from './checkpoint-record.js';
import { compressQuickly } from './compression.js';
import { encodeQuickly } from './encoding.js';
import { letGo } from './kafka.js';
import type { TopicEvent } from './topic-event.js';
import { checkpointTopicOf, MAX_MESSAGE_BYTES } from './topics.js';

/**
 * Writes to the topic as the only one. Whatever fails leaves the outcome unknown, and the writer is of no use any
 * more: open another one, which fences this one out, and read the checkpoint again.
 */
export interface EventWriter {
  /** Offset of its mark in the checkpoint topic: whoever has read up to it has read every checkpoint before it. */
  readonly mark: number;
  /**
   * Writes events and the checkpoint after them: both appear, or neither. Without events it writes the checkpoint.
   * @returns the checkpoint after them
   */
  write(events: readonly TopicEvent[], before: Checkpoint): Promise<Checkpoint>;
  close(): Promise<void>;
}

export interface WriterOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Who writes: for people who look into the checkpoint topic. */
  readonly name: string;
  readonly maxMessageBytes?: number;
}

export type OpenWriter = (options: WriterOptions) => Promise<EventWriter>;

export const relayTransactionalId = (topic: string): string => `${topic}.relay`;

/** The key under which a writer marks its beginning. */
const MARK_KEY = 'writer';

/** A writer that is gone holds up readers no longer than this, even when nobody takes over. */
const TRANSACTION_TIMEOUT_MS = 15_000;

/** A transaction right after a commit has to wait for it to be complete, some milliseconds. */
const RETRY = { initialRetryTime: 10, multiplier: 2, factor: 0.2, maxRetryTime: 500, retries: 8 };

/**
 * Its first transaction is what fences out every older writer: connecting does not. When it has opened, whatever an
 * older one had not committed never will be.
 */
export const openTransactionalWriter: OpenWriter = async ({ kafka, topic, name, maxMessageBytes }) => {
  compressQuickly();
  encodeQuickly();
  const producer = relayProducer(kafka, topic);
  try {
    await producer.connect();
    const mark = await inTransaction(producer, (transaction) => sendMark(transaction, topic, name));
    return {
      mark,
      write: (events, before) =>
        inTransaction(producer, async (transaction) => {
          const after = await sendEvents(transaction, topic, events, before, maxMessageBytes);
          await sendCheckpoint(transaction, topic, after);
          return after;
        }),
      close: () => letGo(producer),
    };
  } catch (error) {
    await letGo(producer);
    throw error;
  }
};

export const relayProducer = (kafka: Kafka, topic: string): Producer =>
  kafka.producer({
    transactionalId: relayTransactionalId(topic),
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: () => partitionOfMessage,
    retry: RETRY,
  });

const partitionOfMessage: ReturnType<ICustomPartitioner> = ({ message: { partition } }) => {
  if (partition === undefined) throw new TypeError('A message without a partition');
  return partition;
};

/** Not aborted on failure: the next writer's first transaction does that, and this one may no longer be able to. */
export const inTransaction = async <T>(
  producer: Producer,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> => {
  const transaction = await producer.transaction();
  const result = await work(transaction);
  await transaction.commit();
  return result;
};

export const sendMark = async (transaction: Transaction, topic: string, name: string): Promise<number> => {
  const value = JSON.stringify({ name, began: new Date().toISOString() });
  const offsets = await send(transaction, checkpointTopicOf(topic), [{ key: MARK_KEY, value, partition: 0 }]);
  return offsets.get(0)!;
};

export const sendCheckpoint = async (
  transaction: Transaction,
  topic: string,
  checkpoint: Checkpoint,
): Promise<void> => {
  await send(transaction, checkpointTopicOf(topic), [{ ...encodeCheckpoint(checkpoint), partition: 0 }]);
};

/**
 * Compressed: about a sixth of the bytes for a twentieth more work here.
 * @returns the checkpoint after them: only the broker knows the offsets, because commits take some, too
 */
export const sendEvents = async (
  transaction: Transaction,
  topic: string,
  events: readonly TopicEvent[],
  before: Checkpoint,
  maxMessageBytes = MAX_MESSAGE_BYTES,
): Promise<Checkpoint> => {
  const next = new Map(before.next);
  for (const request of requests(events, maxMessageBytes)) {
    const counts = new Map<number, number>();
    for (const { partition } of request) counts.set(partition, (counts.get(partition) ?? 0) + 1);
    const offsets = await send(transaction, topic, request.map(message), CompressionTypes.GZIP);
    for (const [partition, count] of counts) next.set(partition, offsets.get(partition)! + count);
  }
  return { position: events.at(-1)?.position ?? before.position, next };
};

const message = ({ key, value, headers, partition }: TopicEvent): Message => ({
  key,
  value,
  headers: headers as Record<string, string>,
  partition,
});

/** What goes into one partition at once is one batch to Kafka, whose size is limited. */
function* requests(events: readonly TopicEvent[], most: number): Generator<readonly TopicEvent[]> {
  let from = 0;
  let sizes = new Map<number, number>();
  for (const [at, { partition, bytes, position }] of events.entries()) {
    if (bytes > most) throw tooLarge(position, bytes, most);
    const size = (sizes.get(partition) ?? 0) + bytes;
    if (size > most) {
      yield events.slice(from, at);
      from = at;
      sizes = new Map([[partition, bytes]]);
    } else sizes.set(partition, size);
  }
  if (from < events.length) yield events.slice(from);
}

const tooLarge = (position: number, bytes: number, most: number): PerennialError =>
  new PerennialError(
    'refused',
    'event-too-large-for-topic',
    `The event at position ${position} takes ${bytes} bytes, and the topic takes ${most} at once.`,
  );

/** @returns the offset of the first message of each partition */
const send = async (
  transaction: Transaction,
  topic: string,
  messages: Message[],
  compression = CompressionTypes.None,
): Promise<ReadonlyMap<number, number>> => {
  const written = await transaction.send({ topic, messages, acks: -1, compression });
  const offsets = new Map(written.map(({ partition, baseOffset }) => [partition, Number(baseOffset ?? -1)]));
  for (const { partition } of messages) {
    if (!((offsets.get(partition!) ?? -1) >= 0))
      throw new Error(`Kafka gave no offset for what was written to ${topic}, partition ${partition}.`);
  }
  return offsets;
};
