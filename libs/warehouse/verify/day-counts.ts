import type { EventPlaces } from '#event-stream/event-places';
import type { RecordedEvent } from '#eventing/event';
import type { Warehouse } from '../warehouse.js';
import type { OffsetOf, Positions } from './compare-events.js';
import type { TopicPart } from './compare-topic.js';
import { addChecksums, CHECKSUM, eventChecksum, PLACE_CHECKSUM, placeChecksum } from './event-checksum.js';

/** What each copy has of one day (UTC, by when it was recorded) and partition. */
export interface DayCount {
  readonly day: string;
  readonly partition: number;
  readonly events: number;
  /** Null where the stream keeps no records of its own. */
  readonly topic: number | null;
  /** Events that the topic no longer has, because retention deleted them. */
  readonly goneFromTopic: number | null;
  readonly landed: number;
  /** Sums of the 64-bit checksums of all events, in hexadecimal digits. */
  readonly eventsChecksum: string;
  readonly topicChecksum: string | null;
  readonly landedChecksum: string;
  readonly agrees: boolean;
}

interface Total {
  readonly count: number;
  readonly checksum: bigint;
}

class Totals {
  readonly byKey = new Map<string, Total>();

  add(key: string, { count, checksum }: Total): void {
    const before = this.of(key);
    this.byKey.set(key, {
      count: before.count + count,
      checksum: addChecksums(before.checksum, checksum),
    });
  }

  addAll(others: Totals): void {
    for (const [key, total] of others.byKey) this.add(key, total);
  }

  of(key: string): Total {
    return this.byKey.get(key) ?? NOTHING;
  }
}

const NOTHING: Total = { count: 0, checksum: 0n };

/** Counts and checksums by day and partition, in the event store and in both copies. */
export class DayCounts {
  private readonly stored = new Totals();
  private readonly landed = new Totals();
  private readonly topic = new Totals();
  /** Stored, and not to be found in the topic any more. */
  private readonly gone = new Totals();

  constructor(
    private readonly warehouse: Warehouse,
    private readonly places: EventPlaces,
  ) {}

  /** Takes in what there is of some positions, and answers whether the warehouse agrees with the event store. */
  async add(
    span: Positions,
    events: readonly RecordedEvent[],
    offsetOf: OffsetOf,
    part: TopicPart | undefined,
  ): Promise<boolean> {
    const { totals: landed, places: landedPlaces } = await this.rowsOf(span);
    const stored = new Totals();
    let places: bigint | undefined = 0n;
    for (const event of events) {
      const partition = this.places.partitionOf(event);
      const key = keyOf(event.recordedAt.slice(0, 10), partition);
      const total = { count: 1, checksum: eventChecksum(event) };
      stored.add(key, total);
      if (part?.gone.has(event.position)) this.gone.add(key, total);
      const offset = offsetOf(event);
      if (offset === undefined) places = undefined;
      else if (places !== undefined)
        places = addChecksums(places, placeChecksum(event.position, partition, offset));
    }
    for (const { partition, content } of part?.entries ?? [])
      if (content) this.topic.add(keyOf(content.day, partition), { count: 1, checksum: content.checksum });
    this.stored.addAll(stored);
    this.landed.addAll(landed);
    // Without a known offset nobody can say whether all are in their places but by looking at each.
    return (
      places === landedPlaces && keysOf(stored, landed).every((key) => same(stored.of(key), landed.of(key)))
    );
  }

  list(): DayCount[] {
    const withTopic = this.places.topic !== undefined;
    return keysOf(this.stored, this.landed, this.topic).map((key) => {
      const [day, partition] = key.split(' ') as [string, string];
      const [stored, landed] = [this.stored.of(key), this.landed.of(key)];
      const [topic, gone] = [this.topic.of(key), this.gone.of(key)];
      const inTopic = {
        count: topic.count + gone.count,
        checksum: addChecksums(topic.checksum, gone.checksum),
      };
      return {
        day,
        partition: Number(partition),
        events: stored.count,
        topic: withTopic ? topic.count : null,
        goneFromTopic: withTopic ? gone.count : null,
        landed: landed.count,
        eventsChecksum: stored.checksum.toString(16),
        topicChecksum: withTopic ? topic.checksum.toString(16) : null,
        landedChecksum: landed.checksum.toString(16),
        agrees: same(stored, landed) && (!withTopic || same(stored, inTopic)),
      };
    });
  }

  private async rowsOf(span: Positions): Promise<{ totals: Totals; places: bigint }> {
    const rows = await this.warehouse.rows<{
      day: string;
      p: number;
      count: number;
      checksum: string;
      places: string;
    }>(
      `SELECT toString(toDate(recorded_at)) AS day, partition AS p, count() AS count,
         toString(sum(${CHECKSUM})) AS checksum, toString(sum(${PLACE_CHECKSUM})) AS places
       FROM crm.events WHERE position > {after:Int64} AND position <= {through:Int64} GROUP BY day, p`,
      { ...span },
    );
    const totals = new Totals();
    for (const { day, p, count, checksum } of rows)
      totals.add(keyOf(day, p), { count, checksum: BigInt(checksum) });
    return { totals, places: rows.reduce((sum, { places }) => addChecksums(sum, BigInt(places)), 0n) };
  }
}

const keyOf = (day: string, partition: number): string => `${day} ${partition}`;

const keysOf = (...totals: readonly Totals[]): string[] =>
  [...new Set(totals.flatMap(({ byKey }) => [...byKey.keys()]))].sort();

const same = (a: Total, b: Total): boolean => a.count === b.count && a.checksum === b.checksum;
