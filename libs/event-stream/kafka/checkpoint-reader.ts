import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type { Logger } from '#platform/logging';
import { Change } from './change.js';
import { decodeCheckpoint } from './checkpoint-record.js';
import { Checkpoints } from './checkpoints.js';
import { FETCH_LIMITS } from './group-consumer.js';
import { TopicOffsets } from './topic-offsets.js';
import { TopicReading } from './topic-reading.js';
import { checkpointTopicOf } from './topics.js';

const PARTITION = 0;

/** Follows the relay's checkpoints, from the oldest that is still there. */
export class CheckpointReader {
  private readonly checkpoints = new Checkpoints();
  private readonly ending = new AbortController();
  private readonly read = new Change();
  private readonly offsets: TopicOffsets;
  private readonly reading: TopicReading;
  private readonly running: Promise<void>;
  /** The offset in the checkpoint topic after what has been read. */
  private next = 0;
  private failure: { readonly error: unknown } | undefined;

  constructor(
    options: { readonly kafka: Kafka; readonly topic: string; readonly log: Logger },
    /** Told after something was read. */
    private readonly changed: () => void = () => {},
  ) {
    const { kafka, log } = options;
    const topic = checkpointTopicOf(options.topic);
    this.offsets = new TopicOffsets(kafka, topic);
    this.reading = new TopicReading({
      kafka,
      topic,
      log,
      // A group of its own that commits nothing: it is gone as soon as it is left.
      groupId: `${topic}.${randomUUID()}`,
      limits: FETCH_LIMITS,
      compacted: true,
      watermarks: () => this.offsets.watermarks(),
    });
    this.running = this.run(log).catch((error) => {
      this.failure = { error };
      this.read.notify();
      log.fatal({ err: error }, 'The checkpoints cannot be read');
    });
  }

  /** See EventStream.positionBelow; from what has been read by now. @throws what made it stop reading */
  positionBelow(offsets: ReadonlyMap<number, number>): number {
    if (this.failure) throw this.failure.error;
    return this.checkpoints.positionBelow(offsets);
  }

  /** Resolves when all that was there at the call has been read. */
  async caughtUp(): Promise<void> {
    const high = (await this.offsets.watermarks()).get(PARTITION)?.high ?? 0;
    while (this.next < high && !this.failure && !this.ending.signal.aborted) await this.read.next();
    if (this.failure) throw this.failure.error;
  }

  async close(): Promise<void> {
    this.ending.abort();
    this.read.notify();
    await Promise.all([this.running, this.offsets.close()]);
  }

  private async run(log: Logger): Promise<void> {
    const { signal } = this.ending;
    let anew = false;
    const resumeAt = async () => {
      anew = true;
      return (await this.offsets.watermarks()).get(PARTITION)?.low ?? 0;
    };
    for await (const { messages, last } of this.reading.batches({ signal, resumeAt })) {
      // The topic may be another one: nothing that was known before need be true.
      if (anew) this.checkpoints.clear();
      anew = false;
      for (const message of messages) this.add(message, log);
      this.next = last + 1;
      this.read.notify();
      this.changed();
    }
  }

  private add(message: Parameters<typeof decodeCheckpoint>[0], log: Logger): void {
    try {
      const checkpoint = decodeCheckpoint(message);
      if (checkpoint) this.checkpoints.add(checkpoint);
    } catch (error) {
      log.error({ err: error }, 'A checkpoint is left out');
    }
  }
}
