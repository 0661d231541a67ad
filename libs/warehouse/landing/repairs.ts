import { type Boundary, type Projector, whilePaused } from '../boundary.js';
import type { Warehouse } from '../warehouse.js';
import { DEDUPLICATION_WINDOW, insertsSince } from './claims.js';
import { markAllForRebuild } from './failing-view.js';
import { PauseLost } from './holds.js';
import type { LandingWriter } from './landing-writer.js';
import { presentOffsets } from './present.js';
import type { Batch } from './rows.js';

export type RepairKind = 'replay' | 'refill';

/** Most rows of one repair. */
export const REPAIR_SIZE = 10_000;

interface OpenRepair {
  readonly id: string;
  readonly partition: number;
  readonly offsets: number[];
  readonly notedAt: string;
}

/** Gives the records at some offsets of a partition, always the same for the same offsets. */
export type Fetch = (partition: number, offsets: readonly number[]) => Promise<Batch>;

/**
 * Brings rows into crm.events after their time, each exactly once: announced with their offsets, inserted under the
 * announcement's id as token, noted when done. The projections need a rebuild afterwards, because a feed leaves out
 * what lies before it was made, and because they may have had the rows before.
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

  /** Inserts the records at some offsets, which must have been passed by everybody who lands the partition. */
  repair(projector: Projector, partition: number, offsets: readonly number[]): Promise<number> {
    return this.whilePaused(projector, async (landed) => {
      const beyond = offsets.find((offset) => offset > (landed.get(partition) ?? -1));
      if (beyond !== undefined)
        throw new Error(`Offset ${beyond} of partition ${partition} is still to be landed.`);
      return this.finish(await this.announce(partition, offsets));
    });
  }

  /** If the pause was lost, a projection may have been rebuilt meanwhile without the rows. */
  private async whilePaused<Result>(
    projector: Projector,
    work: (landed: Boundary) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await whilePaused(projector, work);
    } catch (error) {
      if (error instanceof PauseLost)
        await markAllForRebuild(this.warehouse, 'events came later while landing went on');
      throw error;
    }
  }

  private async announce(partition: number, offsets: readonly number[]): Promise<OpenRepair> {
    const name = `${this.kind}-${partition}-${offsets[0]}-${offsets.at(-1)}`;
    const [before] = await this.warehouse.rows<{ attempts: number }>(
      `SELECT uniqExact(id) AS attempts FROM crm.repairs
       WHERE kind = {kind:String} AND partition = {partition:UInt16} AND startsWith(id, {name:String})`,
      { kind: this.kind, partition, name: `${name}-` },
    );
    const id = `${name}-${before?.attempts ?? 0}`;
    await this.insert({ id, kind: this.kind, partition, offsets, state: 'claimed' }, `announce-${id}`);
    const open = (await this.open()).find((repair) => repair.id === id);
    if (!open) throw new Error(`The repair ${id} was done by somebody else meanwhile.`);
    return open;
  }

  /** Announced and not noted as landed; of two announcements of one id the first counts. */
  private open(): Promise<OpenRepair[]> {
    return this.warehouse.rows<OpenRepair>(
      `SELECT id, any(partition) AS partition, argMinIf(offsets, noted_at, state = 'claimed') AS offsets,
         toString(minIf(noted_at, state = 'claimed')) AS notedAt
       FROM crm.repairs WHERE kind = {kind:String} GROUP BY id HAVING countIf(state = 'landed') = 0 ORDER BY id`,
      { kind: this.kind },
    );
  }

  private async finish({ id, partition, offsets, notedAt }: OpenRepair): Promise<number> {
    const old = (await insertsSince(this.warehouse, notedAt)) > this.window / 2;
    const span = { first: offsets[0] ?? 0, last: offsets.at(-1) ?? 0 };
    // The engine may have forgotten the token of an old one: only what is not there may go in.
    const there = old ? await presentOffsets(this.warehouse, partition, span, 'events') : new Set<number>();
    const records = await this.fetch(
      partition,
      offsets.filter((offset) => !there.has(offset)),
    );
    await markAllForRebuild(
      this.warehouse,
      `${offsets.length} events between offsets ${span.first} and ${span.last} of partition ${partition} came later`,
    );
    await this.writer.land(partition, records, { token: old ? `${id}-again` : id, patient: false });
    await this.insert({ id, kind: this.kind, partition, state: 'landed' });
    return offsets.length;
  }

  private insert(row: object, token?: string): Promise<void> {
    return this.warehouse.insertLines('crm.repairs', JSON.stringify(row), {
      ...(token !== undefined && { insert_deduplication_token: token }),
    });
  }
}
