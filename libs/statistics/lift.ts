import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import tCdf from '@stdlib/stats-base-dists-t-cdf';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';
import { DegenerateData, InvalidInput, requireWithin } from './errors.js';
import type { Moments } from './sparse-outcomes.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** How a treated arm differs from control, per customer. */
export interface Lift {
  /** Treated minus control. */
  readonly difference: number;
  readonly standardError: number;
  /** By the normal distribution. */
  readonly interval: Interval;
}

export interface WelchLift extends Lift {
  /** By Student's t with Welch's degrees of freedom; a little wider. */
  readonly welchInterval: Interval;
  readonly degreesOfFreedom: number;
  /** Two-sided p-value of Welch's test. Not valid for sparse outcomes in small or unequal arms. */
  readonly welchPValue: number;
}

/**
 * Difference of two means with unequal variances.
 * @param level of the intervals, in (0, 1)
 * @throws DegenerateData `empty-arm` when an arm has fewer than two customers
 * @throws InvalidInput `impossible-argument`, `impossible-outcome` (a mean or variance that is none)
 * Source: Welch, Biometrika 34 (1947).
 */
export const differenceOfMeans = (treated: Moments, control: Moments, level = 0.95): WelchLift => {
  requireWithin('level', level, 1e-9, 1 - 1e-9);
  checkMoments(treated);
  checkMoments(control);
  const perTreated = treated.variance / treated.n;
  const perControl = control.variance / control.n;
  const standardError = Math.sqrt(perTreated + perControl);
  const difference = treated.mean - control.mean;
  const degreesOfFreedom =
    standardError === 0
      ? treated.n + control.n - 2
      : (perTreated + perControl) ** 2 /
        (perTreated ** 2 / (treated.n - 1) + perControl ** 2 / (control.n - 1));
  return {
    ...lift(difference, standardError, level),
    welchInterval: around(difference, standardError * tQuantile((1 + level) / 2, degreesOfFreedom)),
    degreesOfFreedom,
    welchPValue: twoSided(difference, standardError, (t) => tCdf(t, degreesOfFreedom)),
  };
};

/** How many of an arm's customers did something. */
export interface Proportion {
  readonly n: number;
  /** A whole number from 0 to n. */
  readonly count: number;
}

/**
 * Difference of two proportions, with the unpooled (Wald) standard error; sound with at least ten customers who did
 * and ten who did not in each arm.
 * @throws DegenerateData `empty-arm`
 * @throws InvalidInput `impossible-argument`, `impossible-outcome`
 */
export const differenceOfProportions = (treated: Proportion, control: Proportion, level = 0.95): Lift => {
  requireWithin('level', level, 1e-9, 1 - 1e-9);
  const [p, q] = [rate(treated), rate(control)];
  const standardError = Math.sqrt((p * (1 - p)) / treated.n + (q * (1 - q)) / control.n);
  return lift(p - q, standardError, level);
};

/** @throws DegenerateData `empty-arm`; InvalidInput `impossible-outcome` */
export const rate = ({ n, count }: Proportion): number => {
  if (n === 0) throw new DegenerateData('empty-arm', 'An arm has no customers.');
  if (!(Number.isSafeInteger(n) && Number.isSafeInteger(count) && count >= 0 && count <= n))
    throw new InvalidInput('impossible-outcome', `${count} of ${n} customers is no proportion.`);
  return count / n;
};

const checkMoments = ({ n, mean, variance }: Moments): void => {
  if (!(n >= 2)) throw new DegenerateData('empty-arm', `An arm has ${n} customers; it takes at least two.`);
  if (!Number.isFinite(mean) || !(variance >= 0 && variance < Number.POSITIVE_INFINITY))
    throw new InvalidInput('impossible-outcome', `Mean ${mean}, variance ${variance}.`);
};

const lift = (difference: number, standardError: number, level: number): Lift => ({
  difference,
  standardError,
  interval: around(difference, standardError * normalQuantile((1 + level) / 2, 0, 1)),
});

const around = (centre: number, reach: number): Interval => ({ low: centre - reach, high: centre + reach });

const twoSided = (difference: number, standardError: number, cdf: (t: number) => number): number => {
  if (standardError === 0) return difference === 0 ? 1 : 0;
  return Math.min(1, 2 * cdf(-Math.abs(difference) / standardError));
};

/** Two-sided p-value of a difference by the normal distribution. */
export const normalPValue = ({ difference, standardError }: Lift): number =>
  twoSided(difference, standardError, (z) => normalCdf(z, 0, 1));
