import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { PerennialError } from '#eventing/errors';
import type { Logger } from '#platform/logging';
import type { Boundary, Projector } from '../boundary.js';
import { putIfAbsent } from '../put-if-absent.js';
import type { Warehouse } from '../warehouse.js';
import { type Chain, chainOf, chainsOf, type Hold } from './claim-chain.js';
import { isPassing } from './engine-errors.js';
import {
  announceToken,
  type HoldPlace,
  letGo,
  prolongHolds,
  putHold,
  releasedByOthers,
  releaseHold,
} from './hold-rows.js';

export interface HoldsOptions {
  /** A connection of its own: a hold is prolonged while others run statements that take their time. */
  readonly warehouse: Warehouse;
  /** Who pauses, for those who are kept waiting. */
  readonly holder: string;
  /** Of the stream, all of them. */
  readonly partitions: () => Promise<Iterable<number>>;
  readonly log: Logger;
  /** For how long a hold stands that nobody prolongs. */
  readonly leaseMs?: number;
  /** How long it waits for another holder, or for a claim to land. */
  readonly patienceMs?: number;
}

/** A holder that is killed holds landing up for so long. */
const LEASE_MS = 15_000;
const PATIENCE_MS = 30_000;
const LOOK_EVERY_MS = 20;
const RELEASE_ATTEMPTS = 6;

/** Whoever paused slept, or could not reach the warehouse, for longer than its lease: somebody else went on. */
export class PauseLost extends PerennialError {
  constructor(holder: string, partitions: readonly number[]) {
    super(
      'unavailable',
      'pause-lost',
      `The pause of ${holder} did not hold in partition ${partitions.join(', ')}: its lease was over. Try again.`,
    );
  }
}

interface Pause {
  /** Unlike that of any other pause. */
  readonly writer: string;
  readonly places: HoldPlace[];
  readonly deadline: number;
  stopProlonging(): Promise<void>;
}

/**
 * Pauses every projector, from any process: it holds the place of the next claim in every partition, and waits until
 * what was claimed before has landed. Who holds the lowest partition goes first, others wait for it.
 */
export class Holds implements Projector {
  readonly mayRepeat = true;
  private current: Pause | undefined;
  /** One pause after the other, in this process, too. */
  private readonly queue: (() => void)[] = [];
  private busy = false;

  constructor(private readonly options: HoldsOptions) {}

  /** @throws PerennialError projector-paused, projector-away */
  async pause(): Promise<Boundary> {
    await this.enter();
    const pause = this.begin();
    try {
      const partitions = [...(await this.options.partitions())].sort((a, b) => a - b);
      await this.hold(pause, partitions);
    } catch (error) {
      await this.release(pause).catch(() => {});
      this.leave();
      throw error;
    }
    this.current = pause;
    return new Map(
      pause.places.filter(({ first }) => first > 0).map(({ partition, first }) => [partition, first - 1]),
    );
  }

  /** @throws PauseLost when landing went on meanwhile */
  async resume(): Promise<void> {
    const pause = this.current;
    if (!pause) throw new Error('Landing is not paused.');
    this.current = undefined;
    try {
      const lost = await this.release(pause);
      if (lost.length > 0) throw new PauseLost(this.options.holder, lost);
    } finally {
      this.leave();
    }
  }

  private async enter(): Promise<void> {
    while (this.busy) await new Promise<void>((resolve) => this.queue.push(resolve));
    this.busy = true;
  }

  private leave(): void {
    this.busy = false;
    this.queue.shift()?.();
  }

  private begin(): Pause {
    const { leaseMs = LEASE_MS, patienceMs = PATIENCE_MS, warehouse, holder, log } = this.options;
    const writer = `${holder} ${randomUUID().slice(0, 8)}`;
    const places: HoldPlace[] = [];
    let prolonging: Promise<void> = Promise.resolve();
    const timer = setInterval(() => {
      if (places.length === 0) return;
      prolonging = prolongHolds(warehouse, [...places], writer, leaseMs).catch((error) =>
        log.warn({ err: error, holder }, 'The pause of landing could not be prolonged'),
      );
    }, leaseMs / 3).unref();
    const stopProlonging = () => {
      clearInterval(timer);
      return prolonging;
    };
    return { writer, places, deadline: Date.now() + patienceMs, stopProlonging };
  }

  /**
   * Takes the place after the last claim of every partition, and waits until that claim has landed: every insert has a
   * claim, so none is under way then that matters. One query tells of all of them: landing stands still meanwhile.
   */
  private async hold(pause: Pause, partitions: readonly number[]): Promise<void> {
    const { warehouse } = this.options;
    for (;;) {
      const chains = await chainsOf(warehouse, partitions);
      const ends = [...chains].map(([partition, { end }]) => ({
        place: { partition, first: end.next, turn: end.turn },
        hold: end.hold,
      }));
      pause.places.push(
        ...ends
          .filter(({ place, hold }) => hold?.by === pause.writer && !placeIn(pause, place.partition))
          .map(({ place }) => place),
      );
      const missing = ends.filter(({ place }) => !placeIn(pause, place.partition));
      // Two who have some each would wait for each other: whoever has the lowest goes first.
      const next = missing.length === partitions.length ? missing.slice(0, 1) : missing;
      const taken = await settled(next.map(({ place, hold }) => this.take(pause, place, hold)));
      const inTheWay = [...taken, ...pause.places.map((place) => landing(place, chains))].find(
        (each) => each,
      );
      if (inTheWay) await this.look(pause, inTheWay);
      else if (missing.length === 0) return;
    }
  }

  /** To be read back: of all who want a place one gets it. Answers who is in the way, if anybody is. */
  private async take(
    pause: Pause,
    place: HoldPlace,
    hold: Hold | undefined,
  ): Promise<PerennialError | undefined> {
    const { warehouse } = this.options;
    if (!hold) await this.ask(pause, place);
    else if (hold.expired) await releaseHold(warehouse, place, pause.writer);
    else return paused(hold.by);
    return undefined;
  }

  private ask({ writer }: Pause, place: HoldPlace): Promise<void> {
    const { warehouse, leaseMs = LEASE_MS } = this.options;
    const { partition, first, turn } = place;
    return putIfAbsent(
      warehouse,
      announceToken(partition, first, turn),
      (token) => putHold(warehouse, place, writer, leaseMs, token),
      async () => {
        const { end } = await chainOf(warehouse, partition);
        return end.hold !== undefined || end.next !== first || end.turn !== turn;
      },
    );
  }

  private async look(pause: Pause, error: PerennialError): Promise<void> {
    if (Date.now() > pause.deadline) throw error;
    await delay(LOOK_EVERY_MS);
  }

  /** Answers the partitions in which somebody else had done so before: there it did not hold. */
  private async release(pause: Pause): Promise<number[]> {
    await pause.stopProlonging();
    const { warehouse } = this.options;
    const { places, writer } = pause;
    for (let attempt = 1; places.length > 0; attempt++) {
      try {
        await letGo(warehouse, places, writer);
        return await releasedByOthers(warehouse, places, writer);
      } catch (error) {
        if (!isPassing(error) || attempt === RELEASE_ATTEMPTS) throw error;
        await delay(LOOK_EVERY_MS * 2 ** attempt);
      }
    }
    return [];
  }
}

const placeIn = (pause: Pause, partition: number): HoldPlace | undefined =>
  pause.places.find((place) => place.partition === partition);

/** The claim before a hold that has not landed yet, as what is in the way. One beyond it is told by the release. */
const landing = (
  { partition, first }: HoldPlace,
  chains: ReadonlyMap<number, Chain>,
): PerennialError | undefined => {
  const claim = chains.get(partition)?.claim;
  return claim && !claim.landed && claim.last < first ? away(partition, claim) : undefined;
};

/** All of them, or the first failure, but not before the last of them is over. */
const settled = async <Result>(work: readonly Promise<Result>[]): Promise<Result[]> => {
  await Promise.allSettled(work);
  return Promise.all(work);
};

/** Somebody else holds landing up. */
export const paused = (by: string): PerennialError =>
  new PerennialError(
    'unavailable',
    'projector-paused',
    `Landing is paused by ${by}. Try again when it is done.`,
  );

const away = (partition: number, { first, last }: { first: number; last: number }): PerennialError =>
  new PerennialError(
    'unavailable',
    'projector-away',
    `Offsets ${first} to ${last} of partition ${partition} are claimed, but no projector lands them.`,
  );
