import type { EventPlaces } from '#event-stream/event-places';
import type { RecordedEvent } from '#eventing/event';
import type { Warehouse } from '../warehouse.js';
import { deadLettersOf } from './dead-letters-of.js';
import { CHECKSUM, eventChecksum } from './event-checksum.js';
import type { DifferenceKind, Finding } from './findings.js';

/** Positions beyond `after`, up to and including `through`. */
export interface Positions {
  readonly after: number;
  readonly through: number;
}

/** The offset that an event must have; undefined when nobody knows any more. */
export type OffsetOf = (event: RecordedEvent) => number | undefined;

interface Row {
  readonly position: number;
  readonly p: number;
  readonly o: number;
  readonly checksum: string;
}

/** Per partition, the largest offset at which an event has landed that was looked at. */
export type Highest = Map<number, number>;

/**
 * Compares events with the rows between two positions one by one, in the order of positions.
 * @param highest of all events before; those that are compared here are added
 */
export const compareEvents = async (
  warehouse: Warehouse,
  places: EventPlaces,
  offsetOf: OffsetOf,
  span: Positions,
  events: readonly RecordedEvent[],
  highest: Highest,
): Promise<Finding[]> => {
  const rows = await rowsBetween(warehouse, span);
  const setAside = await deadLettersOf(
    warehouse,
    events.filter(({ position }) => !rows.has(position)),
  );
  const found: Finding[] = events.map((event) => {
    const partition = places.partitionOf(event);
    const there = rows.get(event.position) ?? [];
    rows.delete(event.position);
    if (there.length === 0)
      return {
        position: event.position,
        partition,
        kind: setAside.has(event.position) ? 'dead letter' : 'missing',
      };
    const place = { partition, offset: offsetOf(event), above: highest.get(partition) ?? -1 };
    highest.set(partition, Math.max(place.above, there[0]!.o));
    return { position: event.position, partition, kind: amiss(event, place, there) };
  });
  for (const [position, [row]] of rows) found.push({ position, partition: row!.p, kind: 'extra' });
  return found.sort((a, b) => a.position - b.position);
};

const rowsBetween = async (warehouse: Warehouse, span: Positions): Promise<Map<number, Row[]>> => {
  const rows = await warehouse.rows<Row>(
    `SELECT position, partition AS p, offset AS o, toString(${CHECKSUM}) AS checksum
     FROM crm.events WHERE position > {after:Int64} AND position <= {through:Int64} ORDER BY position, offset`,
    { ...span },
  );
  const byPosition = new Map<number, Row[]>();
  for (const row of rows) {
    const same = byPosition.get(row.position);
    if (same) same.push(row);
    else byPosition.set(row.position, [row]);
  }
  return byPosition;
};

interface Place {
  readonly partition: number;
  readonly offset: number | undefined;
  /** The largest offset of an earlier event of the partition. */
  readonly above: number;
}

const amiss = (
  event: RecordedEvent,
  { partition, offset, above }: Place,
  [row, ...others]: readonly Row[],
): DifferenceKind | undefined => {
  if (!row || others.length > 0) return 'doubled';
  if (BigInt(row.checksum) !== eventChecksum(event)) return 'altered';
  const inPlace = row.p === partition && (offset === undefined ? row.o > above : row.o === offset);
  return inPlace ? undefined : 'misplaced';
};
