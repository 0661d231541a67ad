import type { EventStream } from '#event-stream/event-stream';
import type { Boundary } from '../boundary.js';

export interface Freshness {
  /** Offsets that the stream has and the warehouse has not. */
  readonly events: number;
  /** Age of the oldest event that the warehouse has not, as far as it is known; 0 when it has all. */
  readonly seconds: number;
}

interface Waiter {
  readonly position: number;
  readonly settle: (landed: boolean) => void;
}

/** How far the warehouse is, and who waits for it to get further. */
export class Watermark {
  /** Per partition, the first offset that has not landed. */
  private readonly next = new Map<number, number>();
  private readonly waiters = new Set<Waiter>();
  private closed = false;

  constructor(private readonly stream: Pick<EventStream, 'watermarks' | 'positionBelow'>) {}

  /** The last landed offset of every partition that has one. */
  get offsets(): Boundary {
    return new Map(
      [...this.next].filter(([, next]) => next > 0).map(([partition, next]) => [partition, next - 1]),
    );
  }

  /** Every event up to this position is in the warehouse; -1 for none. */
  get position(): number {
    return this.stream.positionBelow(this.next);
  }

  advance(partition: number, next: number): void {
    this.next.set(partition, next);
    this.settleWaiters();
  }

  /** Somebody else lands this partition: how far it is, is not known here. */
  drop(partition: number): void {
    this.next.delete(partition);
  }

  get waitedFor(): boolean {
    return this.waiters.size > 0;
  }

  /** To be said when the stream may have come to know the positions of more offsets. */
  settleWaiters(): void {
    if (!this.waitedFor) return;
    const { position } = this;
    for (const waiter of this.waiters) if (waiter.position <= position) waiter.settle(true);
  }

  /** True as soon as the warehouse has everything up to a position; false when the time is up before. */
  waitFor(position: number, timeoutMs: number): Promise<boolean> {
    if (position <= this.position) return Promise.resolve(true);
    if (this.closed || timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        settle: (landed) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(landed);
        },
      };
      const timer = setTimeout(() => waiter.settle(false), timeoutMs);
      this.waiters.add(waiter);
    });
  }

  /**
   * @param behindSince when the event store took the oldest event that is waiting to be landed
   * @param partitions those that count; all of them if not given
   */
  async freshness(behindSince: number | undefined, partitions?: ReadonlySet<number>): Promise<Freshness> {
    const watermarks = await this.stream.watermarks();
    let events = 0;
    for (const [partition, { low, high }] of watermarks)
      if (!partitions || partitions.has(partition))
        events += Math.max(0, high - Math.max(low, this.next.get(partition) ?? 0));
    const seconds = events > 0 && behindSince !== undefined ? (Date.now() - behindSince) / 1000 : 0;
    return { events, seconds: Math.max(0, seconds) };
  }

  /** Nothing lands any more. */
  close(): void {
    this.closed = true;
    for (const waiter of this.waiters) waiter.settle(false);
  }
}
