import { type Boundary, type Projector, whilePaused } from '../boundary.js';
import { againToken, putIfAbsent } from '../put-if-absent.js';
import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import { DEDUPLICATION_WINDOW, insertsSince } from './claims.js';
import { markAllForRebuild } from './failing-view.js';
import { PauseLost } from './holds.js';
import type { LandingWriter } from './landing-writer.js';
import { absentOf } from './present.js';
import type { Batch } from './rows.js';

export type RepairKind = 'replay' | 'refill';

/** Most rows of one repair. */
export const REPAIR_SIZE = 10_000;

/** A row that is to be brought in: of a refill, the event at a position. */
export interface RepairRow {
  readonly offset: number;
  readonly position?: number;
}

export interface Repair {
  readonly partition: number;
  /** In the order of offsets, at least one. */
  readonly rows: readonly RepairRow[];
}

interface OpenRepair extends Repair {
  readonly id: string;
  readonly notedAt: string;
}

/** In one process several may pause landing at once. One after the other they do nothing twice. */
const turns = new WeakMap<Warehouse, Promise<unknown>>();

/** Gives the records of some rows, always the same for the same rows. */
export type Fetch = (partition: number, rows: readonly RepairRow[]) => Promise<Batch>;

/**
 * Brings rows into crm.events after their time, each exactly once. Repairs of a kind are numbered, and each number is
 * put if absent: a repair that was planned before another one was announced gets no number, and is planned again. What
 * is announced is inserted under its id as token, by whoever comes, always the same rows, and noted when done. So it
 * does not rest on the pause, which somebody who slept may have lost. The projections need a rebuild afterwards,
 * because a feed leaves out what lies before it was made, and because they may have had the rows before.
 */
export class Repairs {
  constructor(
    private readonly warehouse: Warehouse,
    private readonly writer: LandingWriter,
    private readonly kind: RepairKind,
    private readonly fetch: Fetch,
    private readonly window = DEDUPLICATION_WINDOW,
  ) {}

  /** Ends repairs that were announced and perhaps not done. While it works nothing else is landed. */
  finishOpen(projector: Projector): Promise<number> {
    return this.whilePaused(projector, async () => {
      let rows = 0;
      for (const repair of await this.open()) rows += await this.finish(repair);
      return rows;
    });
  }

  /**
   * Inserts rows at offsets that everybody who lands has passed.
   * @param plan asked while nothing else is landed or repaired, so that what it finds missing is missing
   */
  repair(projector: Projector, plan: (landed: Boundary) => Promise<readonly Repair[]>): Promise<number> {
    return this.whilePaused(projector, async (landed) => {
      let rows = 0;
      for (;;) {
        // Before the plan: whatever anybody announces from now on takes this number away.
        const next = await this.announced();
        for (const repair of await this.open()) rows += await this.finish(repair);
        const repairs = await plan(landed);
        let done = 0;
        for (const repair of repairs) {
          demandLanded(repair, landed);
          const open = await this.announce(repair, next + done);
          if (!open) break;
          rows += await this.finish(open);
          done += 1;
        }
        if (done === repairs.length) return rows;
      }
    });
  }

  /** If the pause was lost, a projection may have been rebuilt meanwhile without the rows. */
  private async whilePaused<Result>(
    projector: Projector,
    work: (landed: Boundary) => Promise<Result>,
  ): Promise<Result> {
    const result = (turns.get(this.warehouse) ?? Promise.resolve()).then(() => whilePaused(projector, work));
    turns.set(
      this.warehouse,
      result.catch(() => {}),
    );
    try {
      return await result;
    } catch (error) {
      if (error instanceof PauseLost)
        await markAllForRebuild(this.warehouse, 'events came later while landing went on');
      throw error;
    }
  }

  /** How many there are, which is the number of the next one. */
  private async announced(): Promise<number> {
    await caughtUp(this.warehouse, 'crm.repairs');
    const [row] = await this.warehouse.rows<{ repairs: number }>(
      'SELECT uniqExact(id) AS repairs FROM crm.repairs WHERE kind = {kind:String}',
      { kind: this.kind },
    );
    return row?.repairs ?? 0;
  }

  /** Undefined when somebody else has announced one under this number, or has ended ours already. */
  private async announce({ partition, rows }: Repair, number: number): Promise<OpenRepair | undefined> {
    const id = `${this.kind}-${partition}-${rows[0]?.offset}-${rows.at(-1)?.offset}-${number}`;
    const offsets = rows.map(({ offset }) => offset);
    const positions = rows.flatMap(({ position }) => position ?? []);
    await putIfAbsent(
      this.warehouse,
      `announce-${this.kind}-${number}`,
      (token) => this.insert({ id, kind: this.kind, partition, offsets, positions, state: 'claimed' }, token),
      async () => (await this.announced()) > number,
    );
    return (await this.open()).find((repair) => repair.id === id);
  }

  /** Announced and not noted as landed. */
  private async open(): Promise<OpenRepair[]> {
    await caughtUp(this.warehouse, 'crm.repairs');
    const repairs = await this.warehouse.rows<{
      id: string;
      partition: number;
      offsets: number[];
      positions: number[];
      notedAt: string;
    }>(
      `SELECT id, any(partition) AS partition, argMinIf(offsets, noted_at, state = 'claimed') AS offsets,
         argMinIf(positions, noted_at, state = 'claimed') AS positions,
         toString(minIf(noted_at, state = 'claimed')) AS notedAt
       FROM crm.repairs WHERE kind = {kind:String} GROUP BY id HAVING countIf(state = 'landed') = 0 ORDER BY id`,
      { kind: this.kind },
    );
    return repairs.map(({ offsets, positions, ...repair }) => ({
      ...repair,
      rows: offsets.map((offset, i) => ({ offset, position: positions[i] })),
    }));
  }

  private async finish({ id, partition, rows, notedAt }: OpenRepair): Promise<number> {
    const records = await this.fetch(partition, rows);
    const span = { first: rows[0]?.offset ?? 0, last: rows.at(-1)?.offset ?? 0 };
    const reason = `${rows.length} events between offsets ${span.first} and ${span.last} of partition ${partition} came later`;
    await markAllForRebuild(this.warehouse, reason);
    // The engine may have forgotten the token of an old one: only what is not there may go in.
    const old = (await insertsSince(this.warehouse, notedAt)) > this.window / 2;
    const written = old ? undefined : await this.writer.landPatiently(partition, records, id);
    if (old || this.warehouse.mayLackRows) {
      const left = await absentOf(this.warehouse, partition, span, records, 'events');
      if (left.records > (written?.deadLetters ?? 0))
        await this.writer.landPatiently(partition, left, againToken(id));
    }
    // If the pause was lost, one may have been built anew since, without the rows.
    await markAllForRebuild(this.warehouse, reason, ({ state }) => state === 'live');
    await this.insert({ id, kind: this.kind, partition, state: 'landed' });
    return rows.length;
  }

  private insert(row: object, token?: string): Promise<void> {
    return this.warehouse.insertLines('crm.repairs', JSON.stringify(row), {
      ...(token !== undefined && { insert_deduplication_token: token }),
    });
  }
}

const demandLanded = ({ partition, rows }: Repair, landed: Boundary): void => {
  const last = landed.get(partition) ?? -1;
  const beyond = rows.find(({ offset }) => offset > last);
  if (beyond !== undefined)
    throw new Error(`Offset ${beyond.offset} of partition ${partition} is still to be landed.`);
};
