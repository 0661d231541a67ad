import { setTimeout as delay } from 'node:timers/promises';
import { Change } from '#event-stream/kafka/change';
import { type TopicEvent, topicEvent } from '#event-stream/kafka/topic-event';
import { type EventStore, EventStoreUnavailable } from '#eventing/event-store';

export interface ReadAheadOptions {
  readonly eventStore: EventStore;
  /** The last position that is in the topic. */
  readonly after: number;
  readonly partitions: number;
  readonly signal: AbortSignal;
  /** Told each time the event store is away; it is tried again for ever. */
  readonly onFailure: (error: unknown) => void;
  readonly onRead: () => void;
}

/** What one reading brings; so much need not gather any longer, nor what fills a transaction by its bytes. */
const BATCH = 1_000;
const MOST_EVENTS = 20_000;
const MOST_BYTES = 32 * 1024 * 1024;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** Reads events while others are being written, up to a limit; then the event store has to wait. */
export class ReadAhead {
  private queue: TopicEvent[] = [];
  private bytes = 0;
  private readonly changed = new Change();
  private failure: { readonly error: unknown } | undefined;
  private readonly ended: Promise<void>;

  constructor(private readonly options: ReadAheadOptions) {
    options.signal.addEventListener('abort', () => this.changed.notify(), { once: true });
    this.ended = this.read().catch((error: unknown) => {
      this.failure = { error };
      this.changed.notify();
    });
  }

  /** Events that were read and not taken. */
  get waiting(): number {
    return this.queue.length;
  }

  /**
   * What has been read since the last time, up to the limits, at least one event; none when it has been ended.
   * @param notBefore until when events may gather, by the clock of `performance`
   */
  async take(mostEvents: number, mostBytes: number, notBefore = 0): Promise<readonly TopicEvent[]> {
    for (;;) {
      if (this.failure && this.queue.length === 0) throw this.failure.error;
      if (this.options.signal.aborted) return [];
      const isMuch = this.queue.length >= BATCH || this.bytes >= mostBytes;
      const wait = isMuch ? 0 : notBefore - performance.now();
      if (this.queue.length > 0 && wait <= 0) break;
      await this.changed.next(this.queue.length > 0 ? wait : undefined);
    }
    let count = 0;
    let bytes = 0;
    for (const event of this.queue) {
      if (count === mostEvents || (count > 0 && bytes + event.bytes > mostBytes)) break;
      count += 1;
      bytes += event.bytes;
    }
    const taken = this.queue.splice(0, count);
    this.bytes -= bytes;
    this.changed.notify();
    return taken;
  }

  /** After the signal: resolves when nothing is being read any more. */
  async end(): Promise<void> {
    await this.ended;
  }

  private async read(): Promise<void> {
    const { eventStore, partitions, signal, onFailure, onRead } = this.options;
    let { after } = this.options;
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted) {
      try {
        for await (const batch of eventStore.subscribeToAll({ after, signal, batchSize: BATCH })) {
          for (const event of batch) {
            const read = topicEvent(event, partitions);
            this.queue.push(read);
            this.bytes += read.bytes;
            after = event.position;
          }
          pause = FIRST_PAUSE_MS;
          onRead();
          this.changed.notify();
          while (this.isFull && !signal.aborted) await this.changed.next();
        }
      } catch (error) {
        if (!(error instanceof EventStoreUnavailable)) throw error;
        onFailure(error);
        await delay(pause, undefined, { signal }).catch(() => {}); // aborted: the loop ends
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      }
    }
  }

  private get isFull(): boolean {
    return this.queue.length >= MOST_EVENTS || this.bytes >= MOST_BYTES;
  }
}
