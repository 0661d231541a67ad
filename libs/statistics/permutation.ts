import { DegenerateData, requireWithin } from './errors.js';
import { type Proportion, rate } from './lift.js';
import { randomFrom } from './random.js';
import { checkOutcomes, type SparseOutcomes } from './sparse-outcomes.js';

export interface PermutationOptions {
  /** The same seed gives the same p-value. */
  readonly seed: number;
  /** Most permutations drawn, from 99; fewer where many outcomes make each one costly. Default 9,999. */
  readonly permutations?: number;
}

export interface PermutationTest {
  /** Two-sided; at least 1 / (permutations + 1). */
  readonly pValue: number;
  /** Permutations drawn. */
  readonly permutations: number;
}

/** Outcomes dealt in all permutations together: about a second of work. */
const MOST_DEALT = 2e8;
const FEWEST_PERMUTATIONS = 999;

/**
 * How often chance alone, dealing the same outcomes to arms of the same sizes, makes the means differ at least as
 * much, in either direction. Holds at every size and for every distribution, unlike normal theory on sparse money.
 * Only outcomes that are not zero are dealt, each to the first arm with the share of places left there: the
 * hypergeometric law, one outcome at a time.
 * @throws DegenerateData `empty-arm` when an arm has no customers
 * @throws InvalidInput `impossible-outcome`, `impossible-argument`
 * Source: Phipson & Smyth, Permutation P-values Should Never Be Zero, Stat. Appl. Genet. Mol. Biol. 9 (2010).
 */
export const permutationTest = (
  treated: SparseOutcomes,
  control: SparseOutcomes,
  { seed, permutations = 9_999 }: PermutationOptions,
): PermutationTest => {
  checkOutcomes(treated);
  checkOutcomes(control);
  requireWithin('permutations', permutations, 99, 1e7);
  if (treated.n === 0 || control.n === 0) throw new DegenerateData('empty-arm', 'An arm has no customers.');
  const outcomes = new Float64Array(treated.values.length + control.values.length);
  outcomes.set(treated.values);
  outcomes.set(control.values, treated.values.length);
  if (outcomes.length === 0) return { pValue: 1, permutations: 0 };
  const total = outcomes.reduce((sum, value) => sum + value, 0);
  const magnitude = outcomes.reduce((sum, value) => sum + Math.abs(value), 0);
  const affordable = Math.max(FEWEST_PERMUTATIONS, Math.floor(MOST_DEALT / outcomes.length));
  const drawn = Math.min(permutations, affordable);

  // The difference of means is the sum in the first arm, stretched and shifted.
  const expected = (total * treated.n) / (treated.n + control.n);
  const observed = Math.abs(treated.values.reduce((sum, value) => sum + value, 0) - expected);
  const asMuch = observed - 1e-12 * magnitude;
  const random = randomFrom(seed);
  let exceeding = 0;
  for (let i = 0; i < drawn; i++) {
    const sum = deal(outcomes, treated.n, control.n, random.uint32);
    if (sum - expected >= asMuch || expected - sum >= asMuch) exceeding++;
  }
  return { pValue: (exceeding + 1) / (drawn + 1), permutations: drawn };
};

/** The sum of the outcomes that fall to the first arm. */
const deal = (outcomes: Float64Array, first: number, second: number, uint32: () => number): number => {
  let sum = 0;
  let free = first;
  let places = first + second;
  for (let i = 0; i < outcomes.length; i++) {
    if (uint32() * places < free * 4294967296) {
      sum += outcomes[i]!;
      free--;
    }
    places--;
  }
  return sum;
};

/**
 * The same test for a yes or no of each customer, exact: all permutations are counted by the hypergeometric law.
 * @returns the two-sided p-value: the probability that the proportions differ at least as much
 * @throws DegenerateData `empty-arm`; InvalidInput `impossible-outcome`
 * Source: Fisher, The Design of Experiments (1935), with the absolute difference as the statistic.
 */
export const exactProportionTest = (treated: Proportion, control: Proportion): number => {
  const observed = Math.abs(rate(treated) - rate(control));
  const count = treated.count + control.count;
  const from = Math.max(0, count - control.n);
  const to = Math.min(count, treated.n);
  const mode = Math.floor(((count + 1) * (treated.n + 1)) / (treated.n + control.n + 2));
  const likeliest = Math.min(to, Math.max(from, mode));
  let all = 0;
  let exceeding = 0;
  const add = (weight: number, k: number) => {
    all += weight;
    if (Math.abs(k / treated.n - (count - k) / control.n) >= observed - 1e-12) exceeding += weight;
  };
  // Weights relative to the likeliest split, each from its neighbour.
  add(1, likeliest);
  for (let k = likeliest, weight = 1; k < to && weight > 0; k++) {
    weight *= ((count - k) * (treated.n - k)) / ((k + 1) * (control.n - count + k + 1));
    add(weight, k + 1);
  }
  for (let k = likeliest, weight = 1; k > from && weight > 0; k--) {
    weight *= (k * (control.n - count + k)) / ((count - k + 1) * (treated.n - k + 1));
    add(weight, k - 1);
  }
  return Math.min(1, exceeding / all);
};
