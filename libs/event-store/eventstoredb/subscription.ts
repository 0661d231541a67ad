import {
  type AllStreamSubscription,
  type EventStoreDBClient,
  excludeSystemEvents,
  START,
} from '@eventstore/db-client';
import type { RecordedEvent } from '#eventing/event';
import { delivered, deliverRaw } from './raw-event.js';
import { leave } from './reading.js';
import { clientPosition } from './recorded-event.js';

export interface SubscriptionOptions {
  /** The last position already handled. */
  readonly after: number | undefined;
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly connected: () => void;
}

/** How long a batch may grow: unnoticed by those who wait for a live event, long enough for a thousand others. */
const GATHER_MS = 10;

/**
 * What one connection delivers, in batches of what has arrived. When nobody takes them, the client holds two batches
 * at most, and gRPC's flow control stops the server.
 * @throws what the client throws when the connection is lost
 */
export async function* subscription(
  client: EventStoreDBClient,
  { after, batchSize, signal, connected }: SubscriptionOptions,
): AsyncGenerator<readonly RecordedEvent[]> {
  const source = client.subscribeToAll(
    { fromPosition: clientPosition(after) ?? START, filter: excludeSystemEvents() },
    { highWaterMark: batchSize },
  );
  deliverRaw(source);
  source.on('confirmation', connected);
  const changes = new Changes(source, signal);
  let handled = after ?? -1;
  try {
    while (!signal.aborted) {
      const batch = await gathered(source, batchSize, handled);
      handled = batch.at(-1)?.position ?? handled;
      if (batch.length > 0) yield batch;
      else if (changes.failure) throw changes.failure;
      else if (changes.ended) return;
      else await changes.next();
    }
  } finally {
    changes.stop();
    leave(source, () => source.unsubscribe());
  }
}

/** What has arrived and, while every turn of the event loop brings more, what still arrives within a moment. */
const gathered = async (
  source: AllStreamSubscription,
  size: number,
  after: number,
): Promise<RecordedEvent[]> => {
  const batch: RecordedEvent[] = [];
  const until = performance.now() + GATHER_MS;
  for (let more = true; more && batch.length < size && performance.now() < until; ) {
    more = take(source, batch, size, after);
    if (more) await new Promise(setImmediate);
  }
  return batch;
};

/** @returns whether there was anything */
const take = (
  source: AllStreamSubscription,
  batch: RecordedEvent[],
  size: number,
  after: number,
): boolean => {
  let any = false;
  while (batch.length < size) {
    const item = source.read();
    if (item === null) break;
    any = true;
    const event = delivered(item);
    // A server may deliver again what it has delivered already.
    if (event && event.position > (batch.at(-1)?.position ?? after)) batch.push(event);
  }
  return any;
};

/** Tells when it is worth looking at a stream again. */
class Changes {
  failure: Error | undefined;
  ended = false;
  private changed = false;
  private wake: (() => void) | undefined;

  constructor(
    private readonly source: AllStreamSubscription,
    private readonly signal: AbortSignal,
  ) {
    source.on('readable', this.change);
    // Stays for good: the client reports a lost connection even after we have turned away.
    source.on('error', (error: Error) => {
      this.failure ??= error;
      this.change();
    });
    source.on('end', () => {
      this.ended = true;
      this.change();
    });
    signal.addEventListener('abort', this.change);
  }

  async next(): Promise<void> {
    if (!this.changed) await new Promise<void>((resolve) => (this.wake = resolve));
    this.changed = false;
  }

  stop(): void {
    this.source.off('readable', this.change);
    this.signal.removeEventListener('abort', this.change);
  }

  private readonly change = (): void => {
    this.changed = true;
    this.wake?.();
  };
}
