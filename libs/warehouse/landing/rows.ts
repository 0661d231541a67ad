import type { StreamRecord } from '#event-stream/event-stream';
import { landingProblem } from '#event-stream/landing-problem';

/** What the stream carries beside the line of a record. */
type Origin = Pick<StreamRecord, 'headers' | 'key'>;

/** A record that cannot be a row of crm.events. */
export interface DeadLetter extends Origin {
  readonly offset: number;
  /** As it came. */
  readonly line: string;
  readonly reason: string;
}

/** Records of one partition on their way into crm.events: the rows as bytes, which the engine takes as they are. */
export interface Batch {
  readonly rows: Buffer;
  /** How many records there are, dead letters included. */
  readonly records: number;
  readonly letters: readonly DeadLetter[];
  /** By offset, of the rows that have one: for those that the engine refuses. */
  readonly origins: ReadonlyMap<number, Origin>;
}

export const NOTHING: Batch = { rows: Buffer.alloc(0), records: 0, letters: [], origins: new Map() };

/** Sorts out what cannot be landed, and puts partition and offset in front of what can, as text. */
export const batchOf = (
  partition: number,
  records: readonly Pick<StreamRecord, 'offset' | 'line' | 'checked' | 'headers' | 'key'>[],
): Batch => {
  const rows: string[] = [];
  const letters: DeadLetter[] = [];
  const origins = new Map<number, Origin>();
  for (const { offset, line, checked, headers, key } of records) {
    const reason = checked ? undefined : landingProblem(line);
    if (reason !== undefined) letters.push({ offset, line, reason, headers, key });
    else {
      rows.push(`{"partition":${partition},"offset":${offset},${line.slice(1)}\n`);
      if (headers !== undefined || key !== undefined) origins.set(offset, { headers, key });
    }
  }
  return { rows: Buffer.from(rows.join('')), records: records.length, letters, origins };
};

export const joined = (batches: readonly Batch[]): Batch => ({
  rows: Buffer.concat(batches.map(({ rows }) => rows)),
  records: batches.reduce((sum, { records }) => sum + records, 0),
  letters: batches.flatMap(({ letters }) => letters),
  origins: new Map(batches.flatMap(({ origins }) => [...origins])),
});

/** The records whose offsets are wanted. */
export const select = (batch: Batch, wanted: (offset: number) => boolean): Batch => {
  const rows = linesOf(batch.rows).filter((row) => wanted(offsetOf(row)));
  const letters = batch.letters.filter(({ offset }) => wanted(offset));
  const origins = new Map([...batch.origins].filter(([offset]) => wanted(offset)));
  return { rows: Buffer.from(rows.join('')), records: rows.length + letters.length, letters, origins };
};

/** The rows one by one, each with its line end. */
export const linesOf = (rows: Buffer): string[] => rows.toString().split(/(?<=\n)/);

const PLACE = /^\{"partition":\d+,"offset":(\d+),/;

const offsetOf = (row: string): number => Number(PLACE.exec(row)?.[1]);

/** What the engine refused, as it came. */
export const asLetter = (row: string, reason: string, origins: Batch['origins'] = new Map()): DeadLetter => ({
  offset: offsetOf(row),
  line: `{${row.replace(PLACE, '').trimEnd()}`,
  reason,
  ...origins.get(offsetOf(row)),
});
