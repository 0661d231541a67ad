import { setTimeout as delay } from 'node:timers/promises';
import { PerennialError } from '#eventing/errors';
import type { Logger } from '#platform/logging';
import type { Warehouse } from '../warehouse.js';
import { type Claims, claimToken } from './claims.js';
import { isPassing } from './engine-errors.js';
import { markAllForRebuild } from './failing-view.js';
import { type Claim, nextStep, type PartitionState } from './landing-step.js';
import { LandingWriter } from './landing-writer.js';
import type { Lane } from './lane.js';
import { presentOffsets } from './present.js';
import { select } from './rows.js';

/** Events would be lost if landing went on. */
export class LandingStopped extends PerennialError {
  constructor(
    readonly partition: number,
    reason: string,
  ) {
    super('unavailable', 'landing-stopped', `Partition ${partition} cannot be landed: ${reason}.`);
  }
}

/** A state read longer ago is read again before anything is done: this process may have slept meanwhile. */
const OUTDATED_MS = 30_000;
const MOST_ATTEMPTS = 8;
/** From this attempt on a view is detached even for a failure that may pass, lest it stop everything. */
const LAST_PATIENT_ATTEMPT = 4;
const FIRST_BACK_OFF_MS = 50;

/** Does what `nextStep` says. */
export class Lander {
  private readonly writer: LandingWriter;

  constructor(
    private readonly warehouse: Warehouse,
    private readonly claims: Claims,
    private readonly log: Logger,
    private readonly signal: AbortSignal,
  ) {
    this.writer = new LandingWriter(warehouse, log);
  }

  /** Where a partition is to be read on from, and how far it is. @throws LandingStopped when events would be lost */
  resume(partition: number, low: number): Promise<{ state: PartitionState; from: number }> {
    return this.patiently(async () => {
      for (;;) {
        const state = await this.claims.load(partition);
        const step = nextStep(state, undefined, low);
        if (step.do === 'read') return { state, from: step.from };
        if (step.do !== 'settle') throw stopped(partition, step);
        await this.settle(partition, step.claim);
      }
    });
  }

  /** One step further; the lane's state says how far. @throws LandingStopped when events would be lost */
  advance(lane: Lane): Promise<void> {
    return this.patiently(async (attempt) => {
      if (attempt > 1 || Date.now() - lane.stateReadAt > OUTDATED_MS)
        lane.be(await this.claims.load(lane.partition));
      await this.step(lane, attempt <= LAST_PATIENT_ATTEMPT);
    });
  }

  /** Notes what has landed. */
  flush(): Promise<void> {
    return this.patiently(() => this.claims.flush());
  }

  private async step(lane: Lane, patient: boolean): Promise<void> {
    const { partition } = lane;
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
        await this.writer.land(partition, lane.between(step.claim), {
          token: claimToken(partition, step.claim),
          patient,
        });
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

  private async insertAbsent(lane: Lane, claim: Claim, patient: boolean): Promise<void> {
    const present = await presentOffsets(this.warehouse, lane.partition, claim, 'events or dead letters');
    const absent = select(lane.between(claim), (offset) => !present.has(offset));
    const token = `${claimToken(lane.partition, claim)}-again`;
    await this.writer.land(lane.partition, absent, { token, patient });
    await this.markForRebuild(lane.partition, claim);
  }

  private async settle(partition: number, claim: Claim): Promise<void> {
    await this.markForRebuild(partition, claim);
    this.claims.noteLanded(partition, claim);
  }

  private markForRebuild(partition: number, { first, last }: Claim): Promise<void> {
    const reason = `it may have missed offsets ${first} to ${last} of partition ${partition}`;
    this.log.warn({ partition, first, last }, 'A batch was left too long to be sure of the projections');
    return markAllForRebuild(this.warehouse, reason);
  }

  /** Tries again what may pass, more and more rarely, and in the end gives up. */
  private async patiently<Result>(attempt: (number: number) => Promise<Result>): Promise<Result> {
    for (let number = 1; ; number++) {
      try {
        return await attempt(number);
      } catch (error) {
        if (!isPassing(error) || number === MOST_ATTEMPTS || this.signal.aborted) throw error;
        this.log.warn({ err: error, attempt: number }, 'Landing failed and is tried again');
        await delay(FIRST_BACK_OFF_MS * 2 ** number, undefined, { signal: this.signal }).catch(() => {});
      }
    }
  }
}

const turnOf = (state: PartitionState): number => (state.is === 'claimed' ? 0 : state.turn);

const stopped = (
  partition: number,
  step: { readonly do: string; readonly reason?: string },
): LandingStopped => new LandingStopped(partition, step.reason ?? step.do);
