import type { Warehouse } from '../warehouse.js';
import type { Claim, PartitionState, Span } from './landing-step.js';
import { presentOffsets } from './present.js';

/** Inserts that every table behind crm.events remembers: non_replicated_deduplication_window of their definitions. */
export const DEDUPLICATION_WINDOW = 100_000;

/** The token under which a claim's rows are inserted: the same for everybody who lands it. */
export const claimToken = (partition: number, { first }: Span): string => `claim-${partition}-${first}`;

interface Landed {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** The claims of all partitions, kept in crm.claims: put if absent, then read back. */
export class Claims {
  /** Landed, but not noted yet: goes along with the next claim, which costs nothing. */
  private notes: Landed[] = [];

  constructor(
    private readonly warehouse: Warehouse,
    private readonly writer: string,
    private readonly window = DEDUPLICATION_WINDOW,
  ) {}

  async load(partition: number): Promise<PartitionState> {
    const [last] = await this.warehouse.rows<Claim & { landed: boolean; claimedAt: string }>(
      `SELECT first, argMinIf(c.last, noted_at, state = 'claimed') AS last,
         argMinIf(c.records, noted_at, state = 'claimed') AS records,
         toString(minIf(noted_at, state = 'claimed')) AS claimedAt, countIf(state = 'landed') > 0 AS landed
       FROM crm.claims AS c WHERE partition = {partition:UInt16}
       GROUP BY first ORDER BY first DESC LIMIT 1`,
      { partition },
    );
    if (!last) return { is: 'landed', next: await this.nothingLandedYet(partition) };
    const noted = this.notes.some((note) => note.partition === partition && note.first === last.first);
    if (last.landed || noted) return { is: 'landed', next: last.last + 1 };
    const claim = { first: last.first, last: last.last, records: last.records };
    return {
      is: 'claimed',
      claim,
      old: (await insertsSince(this.warehouse, last.claimedAt)) > this.window / 2,
      present: (await presentOffsets(this.warehouse, partition, claim, 'events or dead letters')).size,
    };
  }

  /** Announces a batch and answers what holds from now on, which may be somebody else's claim. */
  async put(partition: number, claim: Claim): Promise<PartitionState> {
    await this.write(
      [{ partition, ...claim, state: 'claimed', writer: this.writer }],
      `announce-${claimToken(partition, claim)}`,
    );
    const claims = await this.warehouse.rows<Claim>(
      `SELECT first, argMin(c.last, noted_at) AS last, argMin(c.records, noted_at) AS records
       FROM crm.claims AS c WHERE partition = {partition:UInt16} AND first >= {first:UInt64} AND state = 'claimed'
       GROUP BY first ORDER BY first LIMIT 2`,
      { partition, first: claim.first },
    );
    const [winner] = claims;
    // Somebody went on from here while this process slept: what it knows is out of date.
    if (!winner || claims.length > 1) return this.load(partition);
    return { is: 'claimed', claim: winner, old: false, present: 0 };
  }

  /** To be said once a claim is landed in crm.events and in every projection that is fed. */
  noteLanded(partition: number, { first, last }: Span): void {
    this.notes.push({ partition, first, last });
  }

  get hasNotes(): boolean {
    return this.notes.length > 0;
  }

  /** Writes down what is noted, so that the next start need not land the last claim again. */
  async flush(): Promise<void> {
    if (this.hasNotes) await this.write([]);
  }

  private async nothingLandedYet(partition: number): Promise<number> {
    const [row] = await this.warehouse.rows<{ rows: number }>(
      'SELECT count() AS rows FROM crm.events WHERE partition = {partition:UInt16}',
      { partition },
    );
    // Going on from 0 would double every one of them.
    if (row?.rows)
      throw new Error(`crm.events has rows of partition ${partition}, crm.claims has none of it.`);
    return 0;
  }

  /** Rows, and what is noted, as one insert. */
  private async write(rows: readonly object[], token?: string): Promise<void> {
    const notes = this.notes.splice(0);
    const lines = [...rows, ...notes.map((note) => ({ ...note, state: 'landed' }))].map(
      (row) => `${JSON.stringify(row)}\n`,
    );
    try {
      await this.warehouse.insertLines('crm.claims', lines.join(''), {
        ...(token !== undefined && { insert_deduplication_token: token }),
      });
    } catch (error) {
      this.notes.unshift(...notes);
      throw error;
    }
  }
}

/** How many inserts into crm.events were announced after a moment: so much of the engine's memory is used up. */
export const insertsSince = async (warehouse: Warehouse, moment: string): Promise<number> => {
  const [row] = await warehouse.rows<{ inserts: number }>(
    `SELECT (SELECT count() FROM crm.claims WHERE state = 'claimed' AND noted_at > {moment:DateTime64(6, 'UTC')})
       + (SELECT count() FROM crm.repairs WHERE state = 'claimed' AND noted_at > {moment:DateTime64(6, 'UTC')}) AS inserts`,
    { moment },
  );
  return row?.inserts ?? 0;
};
