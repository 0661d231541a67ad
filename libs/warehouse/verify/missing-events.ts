import type { EventPlaces, TopicRecords } from '#event-stream/event-places';
import { StreamTruncated } from '#event-stream/kafka/stream-errors';
import type { RecordedEvent } from '#eventing/event';
import type { Boundary } from '../boundary.js';
import type { Repair } from '../landing/repairs.js';
import type { Warehouse } from '../warehouse.js';
import { deadLettersOf, LETTER_POSITION } from './dead-letters-of.js';
import { lineContent } from './event-checksum.js';
import { type Between, type Standing, withPlaces } from './free-places.js';

/** Those of some events that the warehouse has neither landed nor set aside. */
export const missingEvents = async (
  warehouse: Warehouse,
  events: readonly RecordedEvent[],
): Promise<RecordedEvent[]> => {
  const [first, last] = [events[0]?.position ?? 0, events.at(-1)?.position ?? -1];
  const rows = await warehouse.rows<{ position: number }>(
    'SELECT position FROM crm.events WHERE position BETWEEN {first:Int64} AND {last:Int64}',
    { first, last },
  );
  const there = new Set(rows.map(({ position }) => position));
  const absent = events.filter(({ position }) => !there.has(position));
  const letters = await deadLettersOf(warehouse, absent);
  return absent.filter(({ position }) => !letters.has(position));
};

/** Where missing events are to be landed, partition by partition; all of them lie within what has landed. */
export const planRefill = async (
  warehouse: Warehouse,
  places: EventPlaces,
  missing: readonly RecordedEvent[],
  landed: Boundary,
): Promise<Repair[]> => {
  const repairs: Repair[] = [];
  for (const partition of new Set(missing.map((event) => places.partitionOf(event)))) {
    const events = missing.filter((event) => places.partitionOf(event) === partition);
    const known = events.map((event) => ({ position: event.position, offset: places.offsetOf(event) }));
    const rows = known.every(({ offset }) => offset !== undefined)
      ? withPlaces(partition, known, { above: -1, below: Number.POSITIVE_INFINITY })
      : await lookUp(warehouse, places.topic, partition, known, landed.get(partition) ?? -1);
    repairs.push({ partition, rows });
  }
  return repairs;
};

const lookUp = async (
  warehouse: Warehouse,
  topic: TopicRecords | undefined,
  partition: number,
  missing: readonly Standing[],
  landed: number,
) => {
  const span = { first: missing[0]!.position, last: missing.at(-1)!.position };
  const within = await surroundings(warehouse, partition, span, landed);
  const standing = new Map<number, number>(await placesWithin(warehouse, partition, within));
  const taken = new Set(standing.values());
  for (const [position, offset] of await recordsWithin(topic, partition, within, span.last)) {
    taken.add(offset);
    if (!standing.has(position)) standing.set(position, offset);
  }
  for (const offset of await lettersWithin(warehouse, partition, within)) taken.add(offset);
  const unplaced = new Set(missing.map(({ position }) => position));
  // What stands there already keeps the others in order.
  const events = [...new Set([...unplaced, ...standing.keys()])]
    .filter((position) => position >= span.first && position <= span.last)
    .sort((a, b) => a - b)
    .map((position) => ({ position, offset: standing.get(position) }));
  return withPlaces(partition, events, within, taken).filter(({ position }) => unplaced.has(position));
};

/** The offsets of the last event before a span of positions and of the first one after it. */
const surroundings = async (
  warehouse: Warehouse,
  partition: number,
  { first, last }: { readonly first: number; readonly last: number },
  landed: number,
): Promise<Between> => {
  const [row] = await warehouse.rows<{ above: number; below: number }>(
    `SELECT maxIf(toInt64(offset) + 1, position < {first:Int64}) - 1 AS above,
       minIf(toInt64(offset) + 1, position > {last:Int64}) - 1 AS below
     FROM crm.events WHERE partition = {partition:UInt16}
       AND (position < {first:Int64} OR position > {last:Int64})`,
    { partition, first, last },
  );
  const { above = -1, below = -1 } = row ?? {};
  return { above, below: below < 0 ? landed + 1 : below };
};

const WITHIN =
  'partition = {partition:UInt16} AND toInt64(offset) > {above:Int64} AND offset < {below:Int64}';

/** Offsets of what is in the warehouse, by position. */
export const placesWithin = async (warehouse: Warehouse, partition: number, within: Between) => {
  const rows = await warehouse.rows<{ position: number; offset: number }>(
    `SELECT position, offset FROM crm.events WHERE ${WITHIN}`,
    { partition, ...within },
  );
  return rows.map(({ position, offset }) => [position, offset] as const);
};

/** Offsets of dead letters. */
export const lettersWithin = async (
  warehouse: Warehouse,
  partition: number,
  within: Between,
): Promise<number[]> => {
  const rows = await warehouse.rows<{ offset: number }>(
    `SELECT offset FROM crm.dead_letters WHERE ${WITHIN}`,
    { partition, ...within },
  );
  return rows.map(({ offset }) => offset);
};

/** Offsets of what the topic still has, by position. */
export const recordsWithin = async (
  topic: TopicRecords | undefined,
  partition: number,
  { above, below }: Between,
  through = Number.POSITIVE_INFINITY,
): Promise<Map<number, number>> => {
  if (!topic) return new Map();
  for (;;) {
    const { low, high } = (await topic.watermarks()).get(partition) ?? { low: 0, high: 0 };
    try {
      return await positionsBetween(
        topic,
        partition,
        Math.max(low, above + 1),
        Math.min(high, below),
        through,
      );
    } catch (error) {
      // Retention was faster.
      if (!(error instanceof StreamTruncated)) throw error;
    }
  }
};

/** By position, the first offset at which the topic has the event; until an event beyond a position is met. */
const positionsBetween = async (
  topic: TopicRecords,
  partition: number,
  from: number,
  to: number,
  through = Number.POSITIVE_INFINITY,
): Promise<Map<number, number>> => {
  const offsets = new Map<number, number>();
  if (from >= to) return offsets;
  const { signal } = new AbortController();
  for await (const records of topic.read({ partition, from, to, signal }))
    for (const { offset, line } of records) {
      const position = lineContent(line)?.position;
      if (position !== undefined && position > through) return offsets;
      if (position !== undefined && !offsets.has(position)) offsets.set(position, offset);
    }
  return offsets;
};

/** The position of the last event of a partition that stands below an offset in the warehouse; -1 for none. */
export const lastPositionBelow = async (
  warehouse: Warehouse,
  partition: number,
  offset: number,
): Promise<number> => {
  const [row] = await warehouse.rows<{ last: number }>(
    `SELECT max(last) AS last FROM (
       SELECT max(toInt64(position) + 1) - 1 AS last FROM crm.events
       WHERE partition = {partition:UInt16} AND offset < {offset:UInt64}
       UNION ALL
       SELECT max(ifNull(${LETTER_POSITION}, -1) + 1) - 1 AS last FROM crm.dead_letters
       WHERE partition = {partition:UInt16} AND offset < {offset:UInt64})`,
    { partition, offset },
  );
  return row?.last ?? -1;
};
