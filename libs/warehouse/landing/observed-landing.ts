import type { EventStream, LandedOffsets } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';
import type { Boundary, Projector } from '../boundary.js';
import type { LandingProgress } from './landing-progress.js';
import { StreamAge } from './stream-age.js';
import { WakeUp } from './wake-up.js';
import { type Freshness, Watermark } from './watermark.js';

export interface ObservedLandingOptions {
  readonly stream: Pick<EventStream, 'watermarks' | 'positionBelow'>;
  /** What the projectors tell. */
  readonly published: LandedOffsets;
  /** Pauses all of them. */
  readonly projector: Projector;
  readonly log: Logger;
}

/** How often it looks while somebody waits, and while nobody does. */
const WAITED_FOR_MS = 25;
const UNWATCHED_MS = 250;
/** How often it looks how far the stream is, to know the age of what has not landed. */
const AGE_MS = 1000;
/** A failure that lasts is told again after so long. */
const LOG_EVERY_MS = 30_000;

/** What the projectors have landed, for a process that lands nothing itself. */
export class ObservedLanding implements LandingProgress {
  readonly mayRepeat: boolean | undefined;
  /** Resolves when it has read for the first time how far the events have landed, or is closed. */
  readonly started: Promise<void>;
  private readonly watermark: Watermark;
  private readonly age = new StreamAge();
  private readonly next = new Map<number, number>();
  /** What is told of a partition that does not reach so far is not of this topic, and is left out while it stands. */
  private readonly beyondEnd = new Map<number, number>();
  private readonly wake = new WakeUp();
  private readonly looking: Promise<void>;
  private begin: () => void = () => {};
  private closed = false;
  private ageReadAt = Number.NEGATIVE_INFINITY;
  private failureLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: ObservedLandingOptions) {
    this.watermark = new Watermark(options.stream);
    this.mayRepeat = options.projector.mayRepeat;
    this.started = new Promise((resolve) => {
      this.begin = resolve;
    });
    this.looking = this.look();
  }

  landed(): { readonly offsets: Boundary; readonly position: number } {
    return { offsets: this.watermark.offsets, position: this.watermark.position };
  }

  waitFor(position: number, timeoutMs: number): Promise<boolean> {
    const landed = this.watermark.waitFor(position, timeoutMs);
    this.wake.notify();
    return landed;
  }

  /** Its seconds may fall short of the truth by about a second, which it takes to notice that the stream has more. */
  async freshness(): Promise<Freshness> {
    await this.readLanded();
    await this.readAge();
    return this.watermark.freshness(this.age.behindSince(this.next));
  }

  pause(): Promise<Boundary> {
    return this.options.projector.pause();
  }

  resume(): void | Promise<void> {
    return this.options.projector.resume();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.wake.notify();
    await this.looking;
    this.watermark.close();
  }

  private async look(): Promise<void> {
    while (!this.closed) {
      try {
        await this.readLanded();
        if (performance.now() >= this.ageReadAt + AGE_MS) await this.readAge();
      } catch (error) {
        this.report(error);
      }
      await this.untilDue(performance.now());
    }
    this.begin();
  }

  /** A waiter that comes meanwhile brings the next look forward, a thousand waiters no more than one does. */
  private async untilDue(lookedAt: number): Promise<void> {
    for (;;) {
      const due = lookedAt + (this.watermark.waitedFor ? WAITED_FOR_MS : UNWATCHED_MS);
      const left = due - performance.now();
      if (this.closed || left <= 0) return;
      await this.wake.sleep(left);
    }
  }

  private async readLanded(): Promise<void> {
    const published = await this.options.published.read();
    // An offset that vanishes or falls is one of another numbering: the topic was made anew. Where a projector only
    // lands its last batch again, too little is said for a moment, and never too much.
    for (const partition of [...this.next.keys()]) if (!published.has(partition)) this.forget(partition);
    for (const [partition, next] of published) {
      if (next === this.next.get(partition) || next === this.beyondEnd.get(partition)) continue;
      this.next.set(partition, next);
      this.watermark.advance(partition, next);
    }
    // The position of an offset may become known only after the offset has landed.
    this.watermark.settleWaiters();
    this.begin();
  }

  private async readAge(): Promise<void> {
    const told = new Map([...this.beyondEnd, ...this.next]);
    const watermarks = await this.options.stream.watermarks();
    this.age.see(watermarks, Date.now());
    this.ageReadAt = performance.now();
    this.beyondEnd.clear();
    for (const [partition, next] of told) {
      if (next <= (watermarks.get(partition)?.high ?? 0)) continue;
      this.beyondEnd.set(partition, next);
      this.forget(partition);
    }
  }

  private forget(partition: number): void {
    this.next.delete(partition);
    this.watermark.drop(partition);
  }

  /** It goes on looking: who waits is told by the time that is up. */
  private report(error: unknown): void {
    if (performance.now() < this.failureLoggedAt + LOG_EVERY_MS) return;
    this.failureLoggedAt = performance.now();
    this.options.log.warn({ err: error }, 'How far the events have landed cannot be read at present');
  }
}
