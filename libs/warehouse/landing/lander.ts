import { lastingProblem } from '#event-stream/doubts';
import type { Watermarks } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';
import { againToken } from '../put-if-absent.js';
import type { Warehouse } from '../warehouse.js';
import { type Claims, claimToken } from './claims.js';
import { isPerhapsOfTheView } from './engine-errors.js';
import { markAllForRebuild } from './failing-view.js';
import { type Claim, nextStep, type PartitionState } from './landing-step.js';
import { LandingStopped, REFILL } from './landing-stopped.js';
import { LandingWriter, MOST_STRIKES, type Written } from './landing-writer.js';
import type { Lane } from './lane.js';
import { Continuity, lacksRows, landedTail } from './lane-continuity.js';
import type { Patience } from './patience.js';
import { absentOf, presentRecords } from './present.js';

/** A state read longer ago is read again before anything is done: this process may have slept meanwhile. */
const OUTDATED_MS = 30_000;

export interface Resumption {
  readonly state: PartitionState;
  readonly from: number;
  readonly continuity: Continuity;
}

/** Does what `nextStep` says. */
export class Lander {
  private readonly writer: LandingWriter;

  constructor(
    private readonly warehouse: Warehouse,
    private readonly claims: Claims,
    private readonly log: Logger,
    private readonly patience: Patience,
    private readonly written: (written: Written) => void,
  ) {
    this.writer = new LandingWriter(warehouse, log);
  }

  /**
   * Where a partition is to be landed on from, how far it is, and what must hold for the stream.
   * @param watermarks of the partition, asked now
   * @param doubts whether a stream that ends too early is looked at more than once
   * @throws LandingStopped when events would be lost
   */
  resume(partition: number, watermarks: () => Promise<Watermarks>, doubts: boolean): Promise<Resumption> {
    return this.patience.until(async () => {
      const { low } = await watermarks();
      for (;;) {
        const state = await this.claims.load(partition);
        const step = nextStep(state, undefined, low);
        if (step.do === 'read') {
          await demandEnd(partition, state, watermarks, doubts);
          return { state, from: step.from, continuity: await this.continuity(partition, low, step.from) };
        }
        if (step.do !== 'settle') throw stopped(partition, step);
        await this.settle(partition, step.claim);
      }
    });
  }

  private async continuity(partition: number, low: number, next: number): Promise<Continuity> {
    const { warehouse } = this;
    return new Continuity(partition, next, await landedTail(warehouse, partition, low, next), (span) =>
      this.patience.until(() => lacksRows(warehouse, partition, span)),
    );
  }

  /**
   * One step further; the lane's state says how far. Nothing is done any more once the lane is somebody else's.
   * @throws LandingStopped when events would be lost
   */
  advance(lane: Lane, isMine: () => boolean): Promise<void> {
    let strikes = 0;
    return this.patience.until(async (attempt, failure) => {
      if (!isMine()) return;
      if (isPerhapsOfTheView(failure)) strikes += 1;
      if (attempt > 1 || Date.now() - lane.stateReadAt > OUTDATED_MS)
        lane.be(await this.claims.load(lane.partition));
      if (isMine()) await this.step(lane, strikes < MOST_STRIKES);
    });
  }

  /** Notes what has landed. */
  flush(): Promise<void> {
    return this.patience.until(() => this.claims.flush());
  }

  private async step(lane: Lane, patient: boolean): Promise<void> {
    const { partition } = lane;
    if (lane.state.is === 'held' && !lane.read) return this.meet(lane, await this.claims.load(partition));
    const step = nextStep(lane.state, lane.read, 0);
    switch (step.do) {
      case 'skip':
        return lane.drop(step.through);
      case 'wait':
        lane.incomplete = true;
        return;
      case 'claim':
        return this.meet(lane, await this.claims.put(partition, lane.offer(), turnOf(lane.state)));
      case 'rest':
        return this.meet(lane, await this.claims.load(partition));
      case 'release':
        return this.release(lane);
      case 'insert':
        await this.insert(lane, step.claim, patient);
        return this.landed(lane, step.claim);
      case 'insert-absent':
        await this.insertAbsent(lane, step.claim, patient);
        return this.landed(lane, step.claim);
      case 'settle':
        await this.settle(partition, step.claim);
        return this.landed(lane, step.claim);
      case 'read':
        return;
      case 'stop':
        throw stopped(partition, step);
      default:
        return step satisfies never;
    }
  }

  /** Whoever holds a place waits until what lies before it is noted. */
  private async meet(lane: Lane, state: PartitionState): Promise<void> {
    if (state.is === 'held') await this.claims.flush();
    lane.be(state);
  }

  private async release(lane: Lane): Promise<void> {
    if (lane.state.is !== 'held') return;
    const { next, turn, by } = lane.state;
    this.log.warn({ partition: lane.partition, by }, 'Somebody paused landing and never let go; it goes on');
    await this.claims.release(lane.partition, next, turn);
    await this.meet(lane, await this.claims.load(lane.partition));
  }

  private landed(lane: Lane, claim: Claim): void {
    this.claims.noteLanded(lane.partition, claim);
    lane.drop(claim.last);
    // If there was a hold at the next place, the next claim comes to know it.
    lane.be({ is: 'landed', next: claim.last + 1, turn: 0 });
  }

  private async insert(lane: Lane, claim: Claim, patient: boolean): Promise<void> {
    const { partition } = lane;
    const token = claimToken(partition, claim);
    this.written(await this.writer.land(partition, lane.between(claim), { token, patient }));
    // However the insert came to be passed over, its rows must be there.
    if (
      this.warehouse.mayLackRows &&
      (await presentRecords(this.warehouse, partition, claim)) < claim.records
    )
      await this.insertAbsent(lane, claim, patient);
  }

  private async insertAbsent(lane: Lane, claim: Claim, patient: boolean): Promise<void> {
    const { partition } = lane;
    // Before: whoever finds the rows afterwards finds no reason to say so.
    await this.markForRebuild(partition, claim);
    const batch = lane.between(claim);
    const absent = await absentOf(this.warehouse, partition, claim, batch, 'events or dead letters');
    const token = againToken(claimToken(partition, claim));
    this.written(await this.writer.land(partition, absent, { token, patient }));
  }

  private async settle(partition: number, claim: Claim): Promise<void> {
    await this.markForRebuild(partition, claim);
    this.claims.noteLanded(partition, claim);
  }

  private markForRebuild(partition: number, { first, last }: Claim): Promise<void> {
    const reason = `it may have missed offsets ${first} to ${last} of partition ${partition}`;
    this.log.warn({ partition, first, last }, 'A batch landed in a way that leaves the projections in doubt');
    return markAllForRebuild(this.warehouse, reason);
  }
}

const turnOf = (state: PartitionState): number => (state.is === 'claimed' ? 0 : state.turn);

/** What is landed or claimed must be in the stream. */
const demandEnd = async (
  partition: number,
  state: PartitionState,
  watermarks: () => Promise<Watermarks>,
  doubts: boolean,
): Promise<void> => {
  const end = state.is === 'claimed' ? state.claim.last + 1 : state.next;
  const tooEarly = async () => {
    const { high } = await watermarks();
    return high < end ? high : undefined;
  };
  const high = doubts ? await lastingProblem(tooEarly) : await tooEarly();
  if (high !== undefined)
    throw new LandingStopped(
      partition,
      `the stream ends before offset ${high}, but was read up to ${end}: it was made anew, or has lost events`,
    );
};

const stopped = (
  partition: number,
  step: { readonly do: string; readonly reason?: string },
): LandingStopped => new LandingStopped(partition, `${step.reason ?? step.do}; ${REFILL}`);
