import type { StreamBatch } from '#event-stream/event-stream';
import { landingProblem } from '#event-stream/landing-problem';
import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import type { Span } from './landing-step.js';
import { LandingStopped } from './landing-stopped.js';
import { presentOffsets, presentRecords } from './present.js';

/** So many rows are looked for in the stream. One of them must be there: a refill gives some a place of their own. */
const ROWS = 20;

interface Place {
  readonly offset: number;
  readonly position: number;
}

/** What landed last in a partition, as far as the stream still has it: all of it lies below `next`. */
export interface LandedTail {
  readonly rows: readonly Place[];
  /** Offsets of the dead letters between them. */
  readonly letters: ReadonlySet<number>;
}

/** Reads backwards in the order of the tables: the same few blocks, however much there is. */
export const landedTail = async (
  warehouse: Warehouse,
  partition: number,
  low: number,
  next: number,
): Promise<LandedTail> => {
  await caughtUp(warehouse, 'crm.events');
  const rows = await warehouse.rows<Place>(
    `SELECT offset, position FROM crm.events
     WHERE partition = {partition:UInt16} AND offset >= {low:UInt64} AND offset < {next:UInt64}
     ORDER BY partition DESC, offset DESC LIMIT {limit:UInt32}`,
    { partition, low, next, limit: ROWS },
  );
  const first = rows.at(-1)?.offset;
  const letters =
    first === undefined
      ? new Set<number>()
      : await presentOffsets(warehouse, partition, { first, last: next - 1 }, 'dead letters');
  return { rows, letters };
};

/** Whether the warehouse has fewer records in a span than were claimed there: rows were deleted, or a part is broken. */
export const lacksRows = async (
  warehouse: Warehouse,
  partition: number,
  { first, last }: Span,
): Promise<boolean> => {
  await caughtUp(warehouse, 'crm.claims');
  const claims = await warehouse.rows<Span & { records: number }>(
    `SELECT first, argMin(c.last, noted_at) AS last, argMin(c.records, noted_at) AS records FROM crm.claims AS c
     WHERE partition = {partition:UInt16} AND state = 'claimed' AND first <= {last:UInt64} AND first >= ifNull((
       SELECT first FROM crm.claims
       WHERE partition = {partition:UInt16} AND state = 'claimed' AND first <= {first:UInt64}
       ORDER BY partition DESC, first DESC LIMIT 1), 0)
     GROUP BY first ORDER BY first`,
    { partition, first, last },
  );
  const whole = { first: claims[0]?.first ?? first, last: claims.at(-1)?.last ?? last };
  return (
    (await presentRecords(warehouse, partition, whole)) <
    claims.reduce((sum, { records }) => sum + records, 0)
  );
};

/**
 * Whether a stream is still the one that the partition was landed from. The offsets of one that was made anew under
 * the same name mean other events, so going on at an offset would double some or leave some out. What landed last is
 * read again and compared: positions rise within a partition, so everything between a row that is found at its place
 * and `next` is known.
 */
export class Continuity {
  /** The stream is to be read from here on. */
  readonly from: number;
  private readonly highest: number;
  private found: boolean;

  constructor(
    private readonly partition: number,
    private readonly next: number,
    private readonly tail: LandedTail,
    private readonly lacksRows: (span: Span) => Promise<boolean>,
  ) {
    this.from = tail.rows.at(-1)?.offset ?? next;
    this.highest = tail.rows.reduce((most, { position }) => Math.max(most, position), -1);
    this.found = tail.rows.length === 0;
  }

  /** There is nothing to compare, or it was found. */
  get proven(): boolean {
    return this.found;
  }

  /** What of a batch is to be landed, undefined if nothing. @throws LandingStopped when it is another stream */
  async admit(batch: StreamBatch): Promise<StreamBatch | undefined> {
    const { next } = this;
    for (const { offset, line } of batch.records) {
      const position = positionOf(line);
      if (position === undefined) continue;
      if (offset >= next) this.demandAbove(offset, position, line);
      else if (this.tail.rows.some((row) => row.offset === offset && row.position === position))
        this.found = true;
      else if (position > this.highest) await this.demandLanded(offset, position, line);
    }
    if (!this.found && batch.last >= next - 1)
      throw this.stopped(`it has other events at offsets ${this.from} to ${next - 1} than were landed there`);
    if (batch.first >= next) return batch;
    if (batch.last < next) return undefined;
    return { ...batch, first: next, records: batch.records.filter(({ offset }) => offset >= next) };
  }

  private demandAbove(offset: number, position: number, line: string): void {
    if (position > this.highest || landingProblem(line) !== undefined) return;
    throw this.stopped(
      `at offset ${offset} it has position ${position}, but ${this.highest} has landed before`,
    );
  }

  private async demandLanded(offset: number, position: number, line: string): Promise<void> {
    if (this.tail.letters.has(offset) || landingProblem(line) !== undefined) return;
    if (await this.lacksRows({ first: this.from, last: this.next - 1 })) return;
    throw this.stopped(`at offset ${offset} it has position ${position}, which has not landed from there`);
  }

  private stopped(what: string): LandingStopped {
    return new LandingStopped(
      this.partition,
      `the stream is not the one that was landed (${what}): the topic was made anew, or somebody else wrote to it`,
    );
  }
}

const POSITION = /^\{"position":(\d+),/;

const positionOf = (line: string): number | undefined => {
  const digits = POSITION.exec(line)?.[1];
  if (digits !== undefined) return Number(digits);
  try {
    const { position } = JSON.parse(line) as { position?: unknown };
    return typeof position === 'number' ? position : undefined;
  } catch {
    return undefined;
  }
};
