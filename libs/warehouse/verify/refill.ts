import { landingLine } from '#event-stream/landing-line';
import type { Numbering } from '#event-stream/numbering';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import type { Logger } from '#platform/logging';
import type { Projector } from '../boundary.js';
import { LandingWriter } from '../landing/landing-writer.js';
import { presentOffsets } from '../landing/present.js';
import { REPAIR_SIZE, Repairs } from '../landing/repairs.js';
import { type Batch, batchOf } from '../landing/rows.js';
import type { Warehouse } from '../warehouse.js';
import type { Difference } from './findings.js';

export interface RefillOptions {
  readonly numbering: Numbering;
  readonly projector: Projector;
  readonly log: Logger;
}

/**
 * Lands again what `verify` found missing, each event exactly once, however often it is called or killed. The
 * projections need a rebuild afterwards, because nobody knows whether they had these events before.
 * @returns how many events were landed
 */
export const refill = async (
  store: EventStore,
  warehouse: Warehouse,
  differences: readonly Difference[],
  { numbering, projector, log }: RefillOptions,
): Promise<number> => {
  const fetch = (partition: number, offsets: readonly number[]) =>
    recordsAt(store, numbering, partition, offsets);
  const repairs = new Repairs(warehouse, new LandingWriter(warehouse, log), 'refill', fetch);
  let refilled = await repairs.finishOpen(projector);
  for (const difference of differences.filter(({ kind }) => kind === 'missing')) {
    for await (const offsets of missingOffsets(store, warehouse, numbering, difference))
      refilled += await repairs.repair(projector, difference.partition, offsets);
  }
  return refilled;
};

/** Those of a range that the warehouse still lacks, in portions fit for a repair. */
async function* missingOffsets(
  store: EventStore,
  warehouse: Warehouse,
  numbering: Numbering,
  { partition, first, last }: Difference,
): AsyncIterable<number[]> {
  let portion: number[] = [];
  for await (const { position } of between(store, first, last)) {
    const place = numbering.placeOf(position);
    if (place.partition !== partition) continue;
    portion.push(place.offset);
    if (portion.length < REPAIR_SIZE) continue;
    yield* absent(warehouse, partition, portion);
    portion = [];
  }
  yield* absent(warehouse, partition, portion);
}

async function* absent(warehouse: Warehouse, partition: number, offsets: readonly number[]) {
  const span = { first: offsets[0] ?? 0, last: offsets.at(-1) ?? 0 };
  const present = await presentOffsets(warehouse, partition, span, 'events or dead letters');
  const missing = offsets.filter((offset) => !present.has(offset));
  if (missing.length > 0) yield missing;
}

const recordsAt = async (
  store: EventStore,
  numbering: Numbering,
  partition: number,
  offsets: readonly number[],
): Promise<Batch> => {
  const positions = offsets.map((offset) => numbering.positionOf({ partition, offset }));
  const wanted = new Set(positions);
  const records = [];
  for await (const event of between(store, positions[0] ?? 0, positions.at(-1) ?? -1)) {
    if (wanted.has(event.position))
      records.push({ offset: numbering.placeOf(event.position).offset, ...landingLine(event) });
  }
  return batchOf(partition, records);
};

async function* between(store: EventStore, first: number, last: number): AsyncIterable<RecordedEvent> {
  for await (const event of store.readAll({ after: first - 1 })) {
    if (event.position > last) return;
    yield event;
  }
}
