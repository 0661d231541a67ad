import type { Numbering } from '#event-stream/numbering';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import type { Warehouse } from '../warehouse.js';
import { compareEvents } from './compare-events.js';
import { type DayCount, DayCounts } from './day-counts.js';
import { type Difference, Findings } from './findings.js';

export interface Verification {
  readonly agrees: boolean;
  /** What lies beyond this position was left out. */
  readonly upTo: number;
  /** In the event store, and in the warehouse. */
  readonly events: number;
  readonly landed: number;
  readonly days: readonly DayCount[];
  /** In the order of positions, at most 1,000 ranges. */
  readonly differences: readonly Difference[];
  /** Events with something amiss, also those that are not named. */
  readonly differing: number;
}

export interface VerifyOptions {
  readonly numbering: Numbering;
  /** The position up to which everything has landed. */
  readonly upTo: number;
  readonly onProgress?: (events: number) => void;
}

/** Events compared in one go. */
const CHUNK = 10_000;

/**
 * Compares the event store with the warehouse: counts and checksums first, and where they differ event by event.
 * Nothing is changed.
 */
export const verify = async (
  store: EventStore,
  warehouse: Warehouse,
  { numbering, upTo, onProgress }: VerifyOptions,
): Promise<Verification> => {
  const days = new DayCounts(warehouse, numbering);
  const findings = new Findings();
  let events = 0;
  for await (const { chunk, ...span } of chunks(store, upTo)) {
    if (await days.add(span, chunk)) findings.allWell();
    else for (const finding of await compareEvents(warehouse, numbering, span, chunk)) findings.add(finding);
    events += chunk.length;
    onProgress?.(events);
  }
  const counts = days.list();
  return {
    agrees: findings.differing === 0,
    upTo,
    events,
    landed: counts.reduce((sum, { landed }) => sum + landed, 0),
    days: counts,
    differences: findings.named,
    differing: findings.differing,
  };
};

/** All events, cut so that the chunks leave out no position: what the warehouse alone has in between is seen, too. */
async function* chunks(store: EventStore, upTo: number) {
  let after = -1;
  let chunk: RecordedEvent[] = [];
  for await (const event of store.readAll()) {
    if (event.position > upTo) break;
    chunk.push(event);
    if (chunk.length < CHUNK) continue;
    yield { chunk, after, through: event.position };
    after = event.position;
    chunk = [];
  }
  yield { chunk, after, through: upTo };
}
