import type { LandedOffsets } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';

/** Told again now and then: what a projector that was killed had not told, and what failed. */
const TELL_AGAIN_MS = 2000;
const LOG_EVERY_MS = 60_000;
const LAST_WORD_MS = 1000;

/** Tells others how far this process has landed; never delays landing, nor makes it fail. */
export class LandedPublisher {
  private readonly next = new Map<number, number>();
  private readonly timer: NodeJS.Timeout;
  private telling: Promise<void> | undefined;
  private changed = false;
  private loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly published: LandedOffsets,
    private readonly log: Logger,
  ) {
    this.timer = setInterval(() => this.tell(), TELL_AGAIN_MS).unref();
  }

  advance(partition: number, next: number): void {
    this.next.set(partition, next);
    this.tell();
  }

  /** Somebody else tells of this partition from now on. */
  drop(partition: number): void {
    this.next.delete(partition);
  }

  /** Waits a moment for the last word to be told. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LAST_WORD_MS);
    });
    await Promise.race([this.telling, late]);
    clearTimeout(timer);
  }

  /** One message at a time; what lands meanwhile goes along with the next. */
  private tell(): void {
    this.changed = true;
    this.telling ??= this.tellAll().finally(() => {
      this.telling = undefined;
    });
  }

  private async tellAll(): Promise<void> {
    try {
      while (this.changed) {
        this.changed = false;
        if (this.next.size > 0) await this.published.publish(new Map(this.next));
      }
    } catch (error) {
      if (performance.now() < this.loggedAt + LOG_EVERY_MS) return;
      this.loggedAt = performance.now();
      this.log.warn({ err: error }, 'How far the events have landed could not be told at present');
    }
  }
}
