import type { EventPlaces } from '#event-stream/event-places';
import { landingLine } from '#event-stream/landing-line';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import type { Logger } from '#platform/logging';
import type { Projector } from '../boundary.js';
import { LandingWriter } from '../landing/landing-writer.js';
import { REPAIR_SIZE, type RepairRow, Repairs } from '../landing/repairs.js';
import { type Batch, batchOf } from '../landing/rows.js';
import type { Warehouse } from '../warehouse.js';
import { landLostRanges } from './lost-ranges.js';
import { missingEvents, planRefill } from './missing-events.js';

export interface RefillOptions {
  readonly places: EventPlaces;
  readonly projector: Projector;
  readonly log: Logger;
  /** Positions, both included. */
  readonly from: number;
  readonly to?: number;
  /** The position up to which everything has landed: what lies beyond is the projectors'. */
  readonly landedPosition: () => number;
  readonly onStep?: (step: string) => void;
}

export interface Refilled {
  /** Events that were missing among those that had landed; the projections need a rebuild if there were any. */
  readonly refilled: number;
  /** Events that retention had deleted from the topic before they were landed: from there projectors go on. */
  readonly landedInstead: number;
  /** Where it ended to look for missing ones. */
  readonly upTo: number;
}

/**
 * Lands from the event store what the warehouse lacks, each event exactly once, however often it is called or killed,
 * while everything else runs.
 */
export const refill = async (
  store: EventStore,
  warehouse: Warehouse,
  { places, projector, log, from, to = Number.POSITIVE_INFINITY, landedPosition, onStep }: RefillOptions,
): Promise<Refilled> => {
  const { topic } = places;
  // First: whoever pauses landing waits for claims that only this brings to their end.
  const landedInstead = topic
    ? await landLostRanges({
        store,
        warehouse,
        places,
        topic,
        log,
        onProgress: (events) => onStep?.(`${events} events landed that the topic no longer has`),
      })
    : 0;
  const repairs = new Repairs(warehouse, new LandingWriter(warehouse, log), 'refill', (partition, rows) =>
    recordsOf(store, partition, rows),
  );
  let refilled = await repairs.finishOpen(projector);
  const upTo = Math.min(to, landedPosition());
  for await (const events of portions(store, from, upTo)) {
    if ((await missingEvents(warehouse, events)).length > 0)
      refilled += await repairs.repair(projector, async (landed) =>
        planRefill(warehouse, places, await missingEvents(warehouse, events), landed),
      );
    onStep?.(`looked at up to position ${events.at(-1)?.position} of ${upTo}: ${refilled} events refilled`);
  }
  return { refilled, landedInstead, upTo };
};

async function* portions(store: EventStore, from: number, upTo: number): AsyncGenerator<RecordedEvent[]> {
  let portion: RecordedEvent[] = [];
  for await (const event of store.readAll({ after: from - 1 })) {
    if (event.position > upTo) break;
    portion.push(event);
    if (portion.length < REPAIR_SIZE) continue;
    yield portion;
    portion = [];
  }
  if (portion.length > 0) yield portion;
}

/** The events at the announced positions. Where none were announced, offsets are positions. */
const recordsOf = async (
  store: EventStore,
  partition: number,
  rows: readonly RepairRow[],
): Promise<Batch> => {
  const offsets = new Map(rows.map(({ offset, position = offset }) => [position, offset]));
  const positions = [...offsets.keys()];
  const [first, last] = [positions[0] ?? 0, positions.at(-1) ?? -1];
  const records = [];
  for await (const portion of portions(store, first, last))
    for (const event of portion) {
      const offset = offsets.get(event.position);
      if (offset !== undefined) records.push({ offset, ...landingLine(event) });
    }
  return batchOf(partition, records);
};
