import type { PlacedRecord, TopicRecords } from '#event-stream/event-places';
import type { Watermarks } from '#event-stream/event-stream';
import { StreamTruncated } from '#event-stream/kafka/stream-errors';
import { type LineContent, lineContent } from './event-checksum.js';

/** A record of the topic; `content` is undefined when it is no event. */
export interface Entry {
  readonly partition: number;
  readonly offset: number;
  readonly content: LineContent | undefined;
}

/** Reads one partition of the topic in step with whoever reads the event store. */
export class TopicCursor {
  private readonly ending = new AbortController();
  private portions: AsyncIterator<readonly PlacedRecord[]> | undefined;
  private waiting: Entry[] = [];
  private next: number;
  /** Undefined until the first event after what is deleted has been read. */
  private begin: number | undefined;

  constructor(
    private readonly topic: TopicRecords,
    private readonly partition: number,
    private readonly span: Watermarks,
    /** Positions beyond this one cannot be in the topic. */
    private readonly written: number,
  ) {
    this.next = span.low;
    if (span.low === 0) this.begin = -1;
  }

  /** What stood before this position retention may have deleted; known for what `through` has passed. */
  get beginsAt(): number {
    return this.begin ?? Number.POSITIVE_INFINITY;
  }

  /** What comes before the first record of a later event. */
  async through(position: number): Promise<Entry[]> {
    const taken: Entry[] = [];
    for (;;) {
      const later = this.waiting.findIndex(({ content }) => (content?.position ?? -1) > position);
      taken.push(...this.waiting.splice(0, later < 0 ? this.waiting.length : later));
      if (later >= 0 || !(await this.readOn())) return taken;
    }
  }

  close(): void {
    this.ending.abort();
    // Not waited for: it may hang in a question to a broker.
    void this.portions?.return?.(undefined).then(undefined, () => {});
  }

  private async readOn(): Promise<boolean> {
    if (this.next >= this.span.high) return false;
    const { topic, partition, span, ending } = this;
    this.portions ??= topic
      .read({ partition, from: this.next, to: span.high, signal: ending.signal })
      [Symbol.asyncIterator]();
    try {
      const { value, done } = await this.portions.next();
      if (done) {
        this.next = span.high;
        return false;
      }
      for (const record of value) this.waiting.push(this.entry(record));
      this.next = (value.at(-1)?.offset ?? this.next) + 1;
    } catch (error) {
      if (!(error instanceof StreamTruncated)) throw error;
      this.skipTo(error.low);
    }
    return true;
  }

  /** Retention was faster. */
  private skipTo(low: number): void {
    this.portions = undefined;
    this.next = Math.max(low, this.next);
    this.begin = undefined;
  }

  private entry({ offset, line }: PlacedRecord): Entry {
    const content = lineContent(line);
    if (content === undefined || content.position > this.written)
      return { partition: this.partition, offset, content: undefined };
    this.begin ??= content.position;
    return { partition: this.partition, offset, content };
  }
}
