import { caughtUp } from './replicas.js';
import type { Warehouse } from './warehouse.js';

/** The offset up to which every partition has landed; a partition that is missing has landed nothing. */
export type Boundary = ReadonlyMap<number, number>;

/** What a rebuild needs of whoever lands events. */
export interface Projector {
  /**
   * Stops between two batches, with no claim open, and tells how far every partition has landed. Between this and
   * `resume` nothing that lies beyond is inserted into crm.events.
   */
  pause(): Promise<Boundary>;
  /** @throws when the pause did not hold until now: what was made meanwhile must not be relied on */
  resume(): void | Promise<void>;
  /** Whether a writer that slept may still insert again, under its old token, what lies within the boundary. */
  readonly mayRepeat?: boolean;
}

/** Does something while nothing lands. @throws also when the pause did not hold until it was done */
export const whilePaused = async <Result>(
  projector: Projector,
  work: (boundary: Boundary) => Promise<Result>,
): Promise<Result> => {
  const boundary = await projector.pause();
  let result: Result;
  try {
    result = await work(boundary);
  } catch (error) {
    // What failed first is what is told.
    await Promise.resolve(projector.resume()).catch(() => {});
    throw error;
  }
  await projector.resume();
  return result;
};

/** Before any projector runs, or where none will: how far the events have landed is what the table says. */
export const noProjector = (warehouse: Warehouse): Projector => ({
  pause: () => landed(warehouse),
  resume: () => undefined,
});

export const landed = async (warehouse: Warehouse): Promise<Boundary> => {
  await caughtUp(warehouse, 'crm.events');
  const rows = await warehouse.rows<{ p: number; last: number }>(
    'SELECT `partition` AS p, max(`offset`) AS last FROM crm.events GROUP BY p ORDER BY p',
  );
  return new Map(rows.map(({ p, last }) => [p, last]));
};

export const isEmpty = (boundary: Boundary): boolean => boundary.size === 0;

/** Condition on crm.events for what a boundary encloses. */
export const within = (boundary: Boundary): string =>
  [...boundary].map(([p, last]) => `(\`partition\` = ${p} AND \`offset\` <= ${last})`).join(' OR ') || '0';

/** By which a feed with a boundary is known, as the engine prints it. */
export const BOUNDED = 'FROM crm\\.events WHERE \\(*NOT \\(+partition = ';

export const beyond = (boundary: Boundary): string => `NOT (${within(boundary)})`;

/** Cuts what a boundary encloses into ranges of offsets, as conditions on crm.events. */
export const ranges = async (warehouse: Warehouse, boundary: Boundary, size: number): Promise<string[]> => {
  const conditions: string[] = [];
  for (const [p, last] of boundary) {
    const [row] = await warehouse.rows<{ first: number }>(
      'SELECT min(`offset`) AS first FROM crm.events WHERE `partition` = {p:UInt16}',
      { p },
    );
    for (let from = row?.first ?? 0; from <= last; from += size) {
      const to = Math.min(from + size - 1, last);
      conditions.push(`\`partition\` = ${p} AND \`offset\` BETWEEN ${from} AND ${to}`);
    }
  }
  return conditions;
};
