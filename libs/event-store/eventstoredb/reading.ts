import type { EventStoreDBClient, ResolvedEvent } from '@eventstore/db-client';
import type { RecordedEvent } from '#eventing/event';
import { EventStoreUnavailable } from '#eventing/event-store';
import { recordedEvent } from './recorded-event.js';

export type Reading =
  | ReturnType<EventStoreDBClient['readAll']>
  | ReturnType<EventStoreDBClient['readStream']>;

/**
 * What is ours of a call that reads. Ends the call at the server, too, when the reader has enough.
 * @throws EventStoreUnavailable when the server says nothing for so long; what the client throws
 */
export async function* visible(reading: Reading, silenceMs: number): AsyncGenerator<RecordedEvent> {
  // The client may report a lost connection after the reader has gone.
  reading.on('error', () => {});
  const patience = new Patience(silenceMs, () => reading.destroy(unanswered(silenceMs)));
  try {
    const items = reading.iterator({ destroyOnReturn: false })[Symbol.asyncIterator]();
    for (;;) {
      patience.begin();
      const { done, value } = await items.next();
      patience.pause();
      if (done) return;
      const event = recordedEvent(value as ResolvedEvent);
      if (event) yield event;
    }
  } finally {
    patience.end();
    leave(reading, () => reading.cancel());
  }
}

export const unanswered = (ms: number): EventStoreUnavailable =>
  new EventStoreUnavailable(`EventStoreDB did not answer within ${ms} ms.`);

/**
 * Ends a call early and lets the rest of it flow away: the client counts the call as open until its last message is
 * read, and waits for it when it is disposed of.
 */
export const leave = (source: { resume(): unknown }, cancel: () => Promise<void>): void => {
  source.resume();
  // Not awaited: the client looks for a server first, and there may be none.
  cancel().catch(() => {});
};

/** One timer for all the waits of a reading: a timer each would cost more than reading an event. */
class Patience {
  private readonly timer: NodeJS.Timeout;
  private since: number | undefined;

  constructor(
    private readonly ms: number,
    private readonly over: () => void,
  ) {
    this.timer = setTimeout(() => this.look(), ms);
  }

  begin(): void {
    this.since = performance.now();
  }

  pause(): void {
    this.since = undefined;
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private look(): void {
    if (this.since !== undefined && performance.now() - this.since >= this.ms - 1) this.over();
    else this.timer.refresh();
  }
}
