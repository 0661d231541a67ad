import {
  type AllStreamSubscription,
  type EventStoreDBClient,
  excludeSystemEvents,
  START,
} from '@eventstore/db-client';
import type { RecordedEvent } from '#eventing/event';
import { delivered, deliverRaw } from './raw-event.js';
import { leave, unanswered } from './reading.js';
import { clientPosition } from './recorded-event.js';

export interface SubscriptionOptions {
  /** The last position already handled. */
  readonly after: number | undefined;
  readonly batchSize: number;
  readonly signal: AbortSignal;
  /** How long the server may take to accept it. */
  readonly answerTimeoutMs: number;
  readonly connected: () => void;
}

/** Behind, a batch may grow for so long. */
const GATHER_BEHIND_MS = 200;
/** Live, it takes what arrives at once: nobody who waits for an event is to notice. */
const GATHER_LIVE_MS = 10;
/** So long without an event, and there is nothing behind; before the server has said so, it may just be slow. */
const PAUSE_MS = 20;

/**
 * What one connection delivers, in batches of what has arrived. When nobody takes them, the client holds two batches
 * at most, and gRPC's flow control stops the server.
 * @throws what the client throws when the connection is lost; EventStoreUnavailable when it never came about
 */
export async function* subscription(
  client: EventStoreDBClient,
  { after, batchSize, signal, answerTimeoutMs, connected }: SubscriptionOptions,
): AsyncGenerator<readonly RecordedEvent[]> {
  const source = client.subscribeToAll(
    { fromPosition: clientPosition(after) ?? START, filter: excludeSystemEvents() },
    { highWaterMark: batchSize },
  );
  deliverRaw(source);
  const changes = new Changes(source, signal);
  const unaccepted = setTimeout(() => changes.fail(unanswered(answerTimeoutMs)), answerTimeoutMs);
  source.on('confirmation', () => {
    clearTimeout(unaccepted);
    connected();
  });
  const gathering = new Gathering(source, changes, batchSize, after ?? -1);
  try {
    while (!signal.aborted) {
      const batch = await gathering.batch();
      if (batch.length > 0) yield batch;
      else if (changes.failure) throw changes.failure;
      else if (changes.ended) return;
      else await changes.next();
    }
  } finally {
    clearTimeout(unaccepted);
    changes.stop();
    leave(source, () => source.unsubscribe());
  }
}

/** Large batches for who is behind, small ones at once for who is not. */
class Gathering {
  private behind = true;
  private pauseMs = GATHER_BEHIND_MS;

  constructor(
    private readonly source: AllStreamSubscription,
    private readonly changes: Changes,
    private readonly size: number,
    private handled: number,
  ) {
    // Servers before 23.10 do not say so; there it shows.
    source.on('caughtUp', () => {
      this.behind = false;
      this.pauseMs = PAUSE_MS;
    });
  }

  async batch(): Promise<RecordedEvent[]> {
    const batch: RecordedEvent[] = [];
    const until = performance.now() + (this.behind ? GATHER_BEHIND_MS : GATHER_LIVE_MS);
    let more = this.take(batch);
    while (more && batch.length < this.size && performance.now() < until) {
      const { behind } = this;
      if (behind) more = await this.changes.within(this.pauseMs);
      else await new Promise(setImmediate);
      if (behind && !more) this.behind = false;
      const taken = this.take(batch);
      if (!behind) more = taken;
    }
    if (batch.length === this.size) this.behind = true;
    return batch;
  }

  /** @returns whether there was anything */
  private take(batch: RecordedEvent[]): boolean {
    let any = false;
    while (batch.length < this.size) {
      const item = this.source.read();
      if (item === null) break;
      any = true;
      const event = delivered(item);
      // A server may deliver again what it has delivered already.
      if (!event || event.position <= this.handled) continue;
      this.handled = event.position;
      batch.push(event);
    }
    return any;
  }
}

/** Tells when it is worth looking at a stream again. */
class Changes {
  failure: Error | undefined;
  ended = false;
  private changed = false;
  private coming: NodeJS.Immediate | undefined;
  private wake: (() => void) | undefined;

  constructor(
    private readonly source: AllStreamSubscription,
    private readonly signal: AbortSignal,
  ) {
    source.on('readable', this.change);
    // Stays for good: the client reports a lost connection even after we have turned away.
    source.on('error', (error: Error) => this.fail(error));
    source.on('end', () => {
      this.ended = true;
      this.change();
    });
    signal.addEventListener('abort', this.change);
  }

  fail(error: Error): void {
    this.failure ??= error;
    this.change();
  }

  async next(): Promise<void> {
    if (!this.changed) await new Promise<void>((resolve) => (this.wake = resolve));
    this.changed = false;
  }

  /** @returns false when nothing has changed for so long */
  async within(ms: number): Promise<boolean> {
    let inTime = true;
    const timer = setTimeout(() => {
      inTime = false;
      this.wake?.();
    }, ms);
    await this.next();
    clearTimeout(timer);
    return inTime;
  }

  stop(): void {
    this.source.off('readable', this.change);
    this.signal.removeEventListener('abort', this.change);
  }

  /** Told at the end of the turn: what the connection brings at once becomes one change, not one for each event. */
  private readonly change = (): void => {
    this.coming ??= setImmediate(() => {
      this.coming = undefined;
      this.changed = true;
      this.wake?.();
    });
  };
}
