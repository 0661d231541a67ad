import type { Numbering } from '#event-stream/numbering';
import type { RecordedEvent } from '#eventing/event';
import { presentOffsets } from '../landing/present.js';
import type { Warehouse } from '../warehouse.js';
import { CHECKSUM, eventChecksum } from './event-checksum.js';
import type { DifferenceKind, Finding } from './findings.js';

/** Positions beyond `after`, up to and including `through`. */
export interface Positions {
  readonly after: number;
  readonly through: number;
}

interface Row {
  readonly position: number;
  readonly p: number;
  readonly o: number;
  readonly checksum: string;
}

/** Compares events with the rows between two positions one by one, in the order of positions. */
export const compareEvents = async (
  warehouse: Warehouse,
  numbering: Numbering,
  span: Positions,
  events: readonly RecordedEvent[],
): Promise<Finding[]> => {
  const rows = await rowsBetween(warehouse, span);
  const setAside = await deadLetters(
    warehouse,
    numbering,
    events.filter(({ position }) => !rows.has(position)),
  );
  const found: Finding[] = events.map((event) => {
    const { partition, offset } = numbering.placeOf(event.position);
    const there = rows.get(event.position) ?? [];
    rows.delete(event.position);
    const kind = there.length > 0 ? amiss(event, offset, partition, there) : undefined;
    const absent = setAside.has(`${partition}/${offset}`) ? 'dead letter' : 'missing';
    return { position: event.position, partition, kind: there.length > 0 ? kind : absent };
  });
  for (const [position, [row]] of rows) found.push({ position, partition: row!.p, kind: 'extra' });
  return found.sort((a, b) => a.position - b.position);
};

const rowsBetween = async (warehouse: Warehouse, span: Positions): Promise<Map<number, Row[]>> => {
  const rows = await warehouse.rows<Row>(
    `SELECT position, partition AS p, offset AS o, toString(${CHECKSUM}) AS checksum
     FROM crm.events WHERE position > {after:Int64} AND position <= {through:Int64} ORDER BY position`,
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

const amiss = (
  event: RecordedEvent,
  offset: number,
  partition: number,
  [row, ...others]: readonly Row[],
): DifferenceKind | undefined => {
  if (!row || others.length > 0) return 'doubled';
  if (BigInt(row.checksum) !== eventChecksum(event)) return 'altered';
  return row.p === partition && row.o === offset ? undefined : 'misplaced';
};

/** The places of events without a row that the warehouse knows nevertheless. */
const deadLetters = async (
  warehouse: Warehouse,
  numbering: Numbering,
  absent: readonly RecordedEvent[],
): Promise<Set<string>> => {
  const places = absent.map(({ position }) => numbering.placeOf(position));
  const found = new Set<string>();
  for (const partition of new Set(places.map((place) => place.partition))) {
    const offsets = places.filter((place) => place.partition === partition).map(({ offset }) => offset);
    const span = {
      first: offsets.reduce((a, b) => Math.min(a, b)),
      last: offsets.reduce((a, b) => Math.max(a, b)),
    };
    for (const offset of await presentOffsets(warehouse, partition, span, 'dead letters'))
      found.add(`${partition}/${offset}`);
  }
  return found;
};
