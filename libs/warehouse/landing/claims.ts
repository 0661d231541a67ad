import { randomUUID } from 'node:crypto';
import { NothingCanBePut, putIfAbsent } from '../put-if-absent.js';
import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import { type Chain, type ChainEnd, chainOf } from './claim-chain.js';
import { announceToken, releaseHold } from './hold-rows.js';
import type { Claim, PartitionState, Span } from './landing-step.js';
import { LandingStopped } from './landing-stopped.js';
import { presentRecords } from './present.js';

/** Inserts that every table behind crm.events remembers: the deduplication window of their definitions. */
export const DEDUPLICATION_WINDOW = 100_000;

/** The token under which a claim's rows are inserted: the same for everybody who lands it. */
export const claimToken = (partition: number, { first }: Span): string => `claim-${partition}-${first}`;

interface Landed {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** The claims of all partitions, kept in crm.claims: put if absent, then read back, on a cluster from all replicas. */
export class Claims {
  /** Landed, but not noted yet: goes along with the next claim, which costs nothing. */
  private notes: Landed[] = [];
  /** Unlike that of any other process, also of one on another machine. */
  private readonly writer: string;

  constructor(
    private readonly warehouse: Warehouse,
    writer: string,
    private readonly window = DEDUPLICATION_WINDOW,
  ) {
    this.writer = `${writer} ${randomUUID().slice(0, 8)}`;
  }

  async load(partition: number): Promise<PartitionState> {
    const { claim, end } = await chainOf(this.warehouse, partition);
    if (!claim) {
      await this.demandNothingLanded(partition);
      return open(end);
    }
    const noted = this.notes.some((note) => note.partition === partition && note.first === claim.first);
    return claim.landed || noted ? open(end) : this.claimed(partition, claim);
  }

  private async claimed(
    partition: number,
    { first, last, records, claimedAt }: NonNullable<Chain['claim']>,
  ): Promise<PartitionState> {
    const claim = { first, last, records };
    return {
      is: 'claimed',
      claim,
      old: (await insertsSince(this.warehouse, claimedAt)) > this.window / 2,
      present: await presentRecords(this.warehouse, partition, claim),
    };
  }

  /**
   * Announces a batch and answers what holds from now on, which may be somebody else's claim, or a hold.
   * @param turn of the state in which the partition was found
   * @throws LandingStopped when nothing can be announced there
   */
  async put(partition: number, claim: Claim, turn: number): Promise<PartitionState> {
    let state: PartitionState = { is: 'landed', next: claim.first, turn };
    const isAsBefore = () => state.is === 'landed' && state.next === claim.first && state.turn === turn;
    await putIfAbsent(
      this.warehouse,
      announceToken(partition, claim.first, turn),
      async (token) => {
        state = await this.putUnder(token, partition, claim, turn);
      },
      async () => !isAsBefore(),
    ).catch((error: unknown) => {
      throw error instanceof NothingCanBePut ? new LandingStopped(partition, error.message) : error;
    });
    return state;
  }

  private async putUnder(
    token: string,
    partition: number,
    claim: Claim,
    turn: number,
  ): Promise<PartitionState> {
    const noted = await this.write(
      [{ partition, ...claim, state: 'claimed', turn, writer: this.writer }],
      token,
    );
    await caughtUp(this.warehouse, 'crm.claims');
    const claims = await this.warehouse.rows<Claim & { writer: string }>(
      `SELECT first, argMin(c.last, noted_at) AS last, argMin(c.records, noted_at) AS records,
         argMin(c.writer, noted_at) AS writer
       FROM crm.claims AS c WHERE partition = {partition:UInt16} AND first >= {first:UInt64} AND state = 'claimed'
       GROUP BY first ORDER BY first LIMIT 2`,
      { partition, first: claim.first },
    );
    const [winner] = claims;
    // The engine has dropped the notes with our claim.
    if (winner?.writer !== this.writer) this.notes.unshift(...noted);
    // Whoever holds this place waits for them.
    if (!winner) await this.flush();
    // Somebody went on from here while this process slept, or holds this place: what it knows is out of date.
    if (!winner || claims.length > 1) return this.load(partition);
    const { first, last, records } = winner;
    return { is: 'claimed', claim: { first, last, records }, old: false, present: 0 };
  }

  /** Ends a hold whose lease is over. */
  release(partition: number, first: number, turn: number): Promise<void> {
    return releaseHold(this.warehouse, { partition, first, turn }, this.writer);
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

  private async demandNothingLanded(partition: number): Promise<void> {
    await caughtUp(this.warehouse, 'crm.events');
    const [row] = await this.warehouse.rows<{ rows: number }>(
      'SELECT count() AS rows FROM crm.events WHERE partition = {partition:UInt16}',
      { partition },
    );
    // Going on from 0 would double every one of them.
    if (row?.rows)
      throw new Error(`crm.events has rows of partition ${partition}, crm.claims has none of it.`);
  }

  /** Rows, and what is noted, as one insert; answers the notes that went along. */
  private async write(rows: readonly object[], token?: string): Promise<readonly Landed[]> {
    const notes = this.notes.splice(0);
    const lines = [...rows, ...notes.map((note) => ({ ...note, state: 'landed' }))].map(
      (row) => `${JSON.stringify(row)}\n`,
    );
    try {
      await this.warehouse.insertLines('crm.claims', lines.join(''), {
        ...(token !== undefined && { insert_deduplication_token: token }),
      });
      return notes;
    } catch (error) {
      this.notes.unshift(...notes);
      throw error;
    }
  }
}

/** Everything is landed up to here. */
const open = ({ next, turn, hold }: ChainEnd): PartitionState =>
  hold ? { is: 'held', next, turn, ...hold } : { is: 'landed', next, turn };

/** How many inserts into crm.events were announced after a moment: so much of the engine's memory is used up. */
export const insertsSince = async (warehouse: Warehouse, moment: string): Promise<number> => {
  await caughtUp(warehouse, 'crm.claims', 'crm.repairs');
  const [row] = await warehouse.rows<{ inserts: number }>(
    `SELECT (SELECT count() FROM crm.claims WHERE state = 'claimed' AND noted_at > {moment:DateTime64(6, 'UTC')})
       + (SELECT count() FROM crm.repairs WHERE state = 'claimed' AND noted_at > {moment:DateTime64(6, 'UTC')}) AS inserts`,
    { moment },
  );
  return row?.inserts ?? 0;
};
