import type { Batch, KafkaMessage } from 'kafkajs';
import { lastingProblem } from '../doubts.js';
import type { ConsumeOptions, Watermarks } from '../event-stream.js';
import { Assignments } from './assignments.js';
import { Change } from './change.js';
import { GroupConsumer, type GroupConsumerOptions, type GroupEvents } from './group-consumer.js';
import { isKafkaFailure } from './kafka-failure.js';
import { readingProblem, StreamGap, StreamUnreadable } from './stream-errors.js';

export interface TopicBatch {
  readonly partition: number;
  readonly generation: number;
  readonly first: number;
  readonly last: number;
  readonly messages: readonly KafkaMessage[];
}

export interface TopicReadingOptions extends GroupConsumerOptions {
  watermarks(): Promise<ReadonlyMap<number, Watermarks>>;
  /** Records may be missing between others. */
  readonly compacted?: boolean;
  /** So much is held for whoever iterates; one more answer of a broker may come on top. */
  readonly heldBytes?: number;
}

/** A partition of which the reader must say from where on it is to be read. */
interface Placement {
  readonly partition: number;
  readonly generation: number;
}

interface Held {
  readonly batch: TopicBatch;
  readonly bytes: number;
}

const HELD_BYTES = 8 * 1024 * 1024;
/** An offset that a batch does not begin at although it was sought so often is not there. */
const MOST_ASTRAY = 5;
/** A partition that is not to be read now is asked for again. */
const ASK_AGAIN_MS = 2_000;
const FIRST_BACK_OFF_MS = 100;
const MOST_BACK_OFF_MS = 5_000;

/**
 * Reads a topic partition by partition, each without hole or repeat. One loop, the iteration, owns the consumer:
 * what the consumer tells is only noted, and the loop acts upon it.
 */
export class TopicReading implements GroupEvents {
  readonly assignments = new Assignments();
  consumer: GroupConsumer | undefined;
  private placements: Placement[] = [];
  private held: Held[] = [];
  private heldBytes = 0;
  private reader: Pick<ConsumeOptions, 'assigned' | 'unreadable'> = {};
  private failure: { readonly error: unknown } | undefined;
  private closed = false;
  private readonly news = new Change();
  private readonly taken = new Change();

  constructor(
    private readonly options: TopicReadingOptions,
    /** Told from where on a partition is read now. */
    private readonly placed: (partition: number, from: number) => void = () => {},
  ) {}

  async *batches(options: ConsumeOptions): AsyncGenerator<TopicBatch> {
    if (this.consumer) throw new Error('The topic is being read already.');
    const { signal } = options;
    this.reader = options;
    const wake = () => this.news.notify();
    signal.addEventListener('abort', wake);
    this.failure = undefined;
    const consumer = new GroupConsumer(this.options, this);
    this.consumer = consumer;
    try {
      while (!signal.aborted && !this.closed) {
        this.raise();
        const placement = this.placements.shift();
        const held = placement ? undefined : this.take();
        if (placement) await this.place(placement, options);
        else if (held) yield held;
        else await this.news.next();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      const closed = consumer.close();
      this.lost();
      await closed;
      this.consumer = undefined;
    }
  }

  /** Ends the iteration, and leaves the group even when whoever iterates is busy. */
  async close(): Promise<void> {
    this.closed = true;
    this.news.notify();
    this.taken.notify();
    await this.consumer?.close();
  }

  /** See EventStream.setBack. */
  setBack(partition: number, generation: number): void {
    if (!this.assignments.has(partition, generation)) return;
    this.assignments.unplace(partition);
    this.consumer?.pause(partition);
    this.askAgain({ partition, generation });
  }

  assigned(partitions: readonly number[]): void {
    const generation = this.assignments.assign(partitions);
    this.placements = partitions.map((partition) => ({ partition, generation }));
    this.drop();
    this.reader.assigned?.(partitions);
  }

  /** Perhaps the topic was made anew, and offsets mean other records now: whoever reads knows whether they do. */
  disturbed(): void {
    for (const placement of this.assignments.placed) {
      this.assignments.unplace(placement.partition);
      this.consumer?.pause(placement.partition);
      this.placements.push(placement);
    }
    this.news.notify();
  }

  lost(): void {
    this.assignments.assign([]);
    this.placements = [];
    this.drop();
    this.reader.assigned?.([]);
  }

  fetched(batch: Batch): boolean {
    const first = Number(batch.firstOffset());
    return this.guarded(() => this.note(batch.partition, first, Number(batch.lastOffset()), batch.messages));
  }

  empty(partition: number, first: number, last: number): void {
    this.guarded(() => this.note(partition, first, last, []));
  }

  async room(heartbeat: () => Promise<void>): Promise<void> {
    const { consumer } = this;
    const most = this.options.heldBytes ?? HELD_BYTES;
    while (this.heldBytes >= most && consumer && !consumer.isClosed) {
      await this.taken.next(consumer.heartbeatMs);
      await heartbeat();
    }
  }

  private raise(): void {
    if (this.failure) throw this.failure.error;
  }

  /** What fails in here is our own fault, and nothing that a new consumer would mend. */
  private guarded(note: () => boolean): boolean {
    try {
      return note();
    } catch (error) {
      this.failure = { error };
      this.news.notify();
      return false;
    }
  }

  private note(partition: number, from: number, last: number, messages: readonly KafkaMessage[]): boolean {
    const verdict = this.assignments.fetched(partition, this.options.compacted ? undefined : from, last);
    if (verdict.is === 'unasked') return false;
    const { generation, first } = verdict;
    if (verdict.is === 'astray') {
      this.consumer?.pause(partition);
      if (verdict.times > MOST_ASTRAY)
        this.cannotRead({ partition, generation }, new StreamGap(this.options.topic, partition, first, from));
      else {
        this.placements.push({ partition, generation });
        this.disturbed();
      }
    } else {
      const bytes = messages.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
      this.held.push({ batch: { partition, generation, first, last, messages }, bytes });
      this.heldBytes += bytes;
    }
    this.news.notify();
    return verdict.is === 'expected';
  }

  private take(): TopicBatch | undefined {
    const held = this.held.shift();
    if (!held) return undefined;
    this.heldBytes -= held.bytes;
    this.taken.notify();
    return held.batch;
  }

  /** What is held, of one partition or of all, was fetched for a placement that has passed. */
  private drop(partition?: number): void {
    this.held = this.held.filter(({ batch }) => partition !== undefined && batch.partition !== partition);
    this.heldBytes = this.held.reduce((sum, { bytes }) => sum + bytes, 0);
    this.taken.notify();
    this.news.notify();
  }

  private async place(placement: Placement, options: ConsumeOptions): Promise<void> {
    try {
      await this.seek(placement, options);
    } catch (error) {
      if (!(error instanceof StreamUnreadable)) throw error;
      this.consumer?.pause(placement.partition);
      this.cannotRead(placement, error);
    }
  }

  /** Whoever reads is told, and goes on with the other partitions; or it is the end. */
  private cannotRead({ partition, generation }: Placement, reason: StreamUnreadable): void {
    if (!this.reader.unreadable) throw reason;
    this.reader.unreadable(partition, generation, reason.problem);
    this.setBack(partition, generation);
  }

  private async seek(
    { partition, generation }: Placement,
    { signal, resumeAt }: ConsumeOptions,
  ): Promise<void> {
    const valid = () => !signal.aborted && !this.closed && this.assignments.has(partition, generation);
    const wanted = await this.patiently(valid, () => resumeAt(partition, generation));
    if (!valid()) return;
    if (wanted === undefined) return this.askAgain({ partition, generation });
    this.drop(partition);
    await this.patiently(valid, () => this.assertReadable(partition, wanted, valid));
    if (!valid()) return;
    this.assignments.place(partition, wanted);
    this.consumer?.seek(partition, wanted);
    this.placed(partition, wanted);
    // Retention may have been faster than the seek, on a partition to which nothing more comes.
    await this.patiently(valid, () => this.assertReadable(partition, wanted, valid));
  }

  /** What keeps the partition from being read may be mended meanwhile. */
  private askAgain(placement: Placement): void {
    setTimeout(() => {
      this.placements.push(placement);
      this.news.notify();
    }, ASK_AGAIN_MS).unref();
  }

  private async assertReadable(partition: number, wanted: number, valid: () => boolean): Promise<void> {
    const look = async () => {
      if (!valid()) return undefined;
      const watermarks = (await this.options.watermarks()).get(partition) ?? { low: 0, high: 0 };
      const problem = readingProblem(this.options.topic, partition, wanted, watermarks);
      if (watermarks.low > wanted) throw problem;
      return problem;
    };
    const problem = await lastingProblem(look, (ms) => this.sleep(ms, valid));
    if (problem) throw problem;
  }

  private async sleep(ms: number, valid: () => boolean): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; valid() && left > 0; left = until - performance.now()) await this.news.next(left);
  }

  /** Again and again while brokers are away, for as long as the question makes sense. */
  private async patiently<Answer>(
    valid: () => boolean,
    ask: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { log, topic } = this.options;
    for (let attempt = 0; valid(); attempt++) {
      try {
        return await ask();
      } catch (error) {
        if (!isKafkaFailure(error)) throw error;
        log.warn({ err: error, topic, attempt }, 'Kafka does not answer; it is asked again');
        await this.news.next(Math.min(MOST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** attempt));
      }
    }
    return undefined;
  }
}
