import type { StreamBatch } from '#event-stream/event-stream';
import { isSampled, type Tracing } from '#platform/tracing';

interface Arrived {
  readonly offset: number;
  readonly traceparent: string;
  /** In milliseconds since 1970. */
  readonly at: number;
}

/** So many records of one partition are followed at once: traces are samples. */
const MOST = 1_000;

/** The way of each record that somebody looks at, from its arrival to the warehouse; the others cost a glance. */
export class LandingTraces {
  private readonly waiting = new Map<number, Arrived[]>();

  constructor(private readonly tracing: Pick<Tracing, 'begin'>) {}

  arrived({ partition, records }: StreamBatch): void {
    for (const { offset, headers } of records) {
      const traceparent = headers?.traceparent;
      if (!isSampled(traceparent)) continue;
      const waiting = this.waiting.get(partition) ?? [];
      if (waiting.length < MOST) waiting.push({ offset, traceparent, at: Date.now() });
      this.waiting.set(partition, waiting);
    }
  }

  /** @param next the first offset that has not landed */
  landed(partition: number, next: number): void {
    const waiting = this.waiting.get(partition);
    if (!waiting || (waiting[0]?.offset ?? next) >= next) return;
    for (const { offset, traceparent, at } of waiting) {
      if (offset >= next) break;
      const attributes = { 'perennial.partition': partition, 'perennial.offset': offset };
      this.tracing.begin('land', { kind: 'consumer', parent: traceparent, startedAt: at, attributes }).end();
    }
    this.waiting.set(
      partition,
      waiting.filter(({ offset }) => offset >= next),
    );
  }

  /** Somebody else lands this partition, or it is read anew. */
  drop(partition: number): void {
    this.waiting.delete(partition);
  }
}
