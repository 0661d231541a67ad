import type { Random } from '#statistics/random';
import type { Effect } from './distributed-effects.js';
import type { Operator } from './distributed-operator.js';
import type { DistributedSet } from './distributed-set.js';

/** Something that goes wrong, or is asked for at a bad moment. */
export interface Fault {
  readonly kind: string;
  /** No two faults of one victim at once; the first is the one that it is about. */
  readonly victims: readonly [string, ...string[]];
  /** Lasts so long that the schedule goes on meanwhile as if there were nothing. */
  readonly beside?: true;
  /** Lasts until the victims are as before. */
  inflict(): Promise<Outcome>;
}

export interface Outcome {
  /** For the protocol. */
  readonly remark?: string;
  /** What it was to bring about, if it has. */
  readonly effect?: Effect;
}

export type Kind = (set: DistributedSet, random: Random, operator: Operator) => Fault;

export const chosen = <T>(all: readonly (readonly [T, number])[], random: Random): T => {
  let left = random.uniform() * all.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [one, weight] of all) {
    left -= weight;
    if (left < 0) return one;
  }
  return (all.at(-1) as readonly [T, number])[0];
};

export const anyOf = <T>(all: readonly T[], random: Random): T =>
  all[Math.floor(random.uniform() * all.length)] as T;
