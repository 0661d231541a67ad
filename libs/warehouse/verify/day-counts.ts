import type { Numbering } from '#event-stream/numbering';
import type { RecordedEvent } from '#eventing/event';
import type { Warehouse } from '../warehouse.js';
import type { Positions } from './compare-events.js';
import { addChecksums, CHECKSUM, eventChecksum } from './event-checksum.js';

/** What the event store and the warehouse have of one day (UTC, by when it was recorded) and partition. */
export interface DayCount {
  readonly day: string;
  readonly partition: number;
  readonly events: number;
  readonly landed: number;
  /** Sums of the 64-bit checksums of all events, in hexadecimal digits. */
  readonly eventsChecksum: string;
  readonly landedChecksum: string;
  readonly agrees: boolean;
}

interface Total {
  readonly count: number;
  readonly checksum: bigint;
}

type Totals = Map<string, Total>;

/** Counts and checksums by day and partition, on both sides. */
export class DayCounts {
  private readonly stored: Totals = new Map();
  private readonly landed: Totals = new Map();

  constructor(
    private readonly warehouse: Warehouse,
    private readonly numbering: Numbering,
  ) {}

  /** Takes in the events and the rows of some positions, and answers whether they agree. */
  async add(span: Positions, events: readonly RecordedEvent[]): Promise<boolean> {
    const stored: Totals = new Map();
    for (const event of events) {
      const { partition } = this.numbering.placeOf(event.position);
      const checksum = eventChecksum(event);
      addTo(stored, keyOf(event.recordedAt.slice(0, 10), partition), { count: 1, checksum });
    }
    const landed = await this.rowsOf(span);
    for (const [key, total] of stored) addTo(this.stored, key, total);
    for (const [key, total] of landed) addTo(this.landed, key, total);
    return keysOf(stored, landed).every((key) => same(stored.get(key), landed.get(key)));
  }

  list(): DayCount[] {
    return keysOf(this.stored, this.landed).map((key) => {
      const [day, partition] = key.split(' ') as [string, string];
      const stored = this.stored.get(key) ?? NOTHING;
      const landed = this.landed.get(key) ?? NOTHING;
      return {
        day,
        partition: Number(partition),
        events: stored.count,
        landed: landed.count,
        eventsChecksum: stored.checksum.toString(16),
        landedChecksum: landed.checksum.toString(16),
        agrees: same(stored, landed),
      };
    });
  }

  private async rowsOf(span: Positions): Promise<Totals> {
    const rows = await this.warehouse.rows<{ day: string; p: number; count: number; checksum: string }>(
      `SELECT toString(toDate(recorded_at)) AS day, partition AS p, count() AS count, toString(sum(${CHECKSUM})) AS checksum
       FROM crm.events WHERE position > {after:Int64} AND position <= {through:Int64} GROUP BY day, p`,
      { ...span },
    );
    return new Map(
      rows.map(({ day, p, count, checksum }) => [keyOf(day, p), { count, checksum: BigInt(checksum) }]),
    );
  }
}

const NOTHING: Total = { count: 0, checksum: 0n };

const keyOf = (day: string, partition: number): string => `${day} ${partition}`;

const keysOf = (a: Totals, b: Totals): string[] => [...new Set([...a.keys(), ...b.keys()])].sort();

const addTo = (totals: Totals, key: string, { count, checksum }: Total): void => {
  const before = totals.get(key) ?? NOTHING;
  totals.set(key, {
    count: before.count + count,
    checksum: addChecksums(before.checksum, checksum),
  });
};

const same = (a: Total = NOTHING, b: Total = NOTHING): boolean =>
  a.count === b.count && a.checksum === b.checksum;
