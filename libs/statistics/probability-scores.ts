import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { checkPredictions } from './calibration.js';
import type { Interval } from './lift.js';

/** How good predicted probabilities are; smaller is better for the first two, larger for the last. */
export interface ProbabilityScores {
  /** Mean squared difference from what came, in [0, 1]. */
  readonly brier: number;
  /** Mean of −ln of the probability given to what came. */
  readonly logLoss: number;
  /** Probability that of two customers, one of each outcome, the right one has the higher prediction; null without both. */
  readonly auc: number | null;
}

/** Logarithms are taken of no less than this. */
const EDGE = 1e-15;

/**
 * @param predicted probabilities in [0, 1]
 * @param outcomes 1 where it came true, else 0
 * @throws DegenerateData `no-customers`; InvalidInput `lengths-differ`, `impossible-outcome`
 * Source: Brier, Monthly Weather Review 78 (1950); AUC as the Mann-Whitney statistic, ties counting half.
 */
export const scoreProbabilities = (predicted: Float64Array, outcomes: Float64Array): ProbabilityScores => {
  checkPredictions(predicted, outcomes);
  let brier = 0;
  let logLoss = 0;
  for (let i = 0; i < predicted.length; i++) {
    brier += (predicted[i]! - outcomes[i]!) ** 2;
    logLoss -= Math.log(Math.max(EDGE, outcomes[i] === 1 ? predicted[i]! : 1 - predicted[i]!));
  }
  return {
    brier: brier / predicted.length,
    logLoss: logLoss / predicted.length,
    auc: auc(predicted, outcomes),
  };
};

const auc = (predicted: Float64Array, outcomes: Float64Array): number | null => {
  const yes = predicted.filter((_, i) => outcomes[i] === 1).sort();
  const no = predicted.filter((_, i) => outcomes[i] === 0).sort();
  if (yes.length === 0 || no.length === 0) return null;
  let below = 0;
  let upTo = 0;
  let pairs = 0;
  for (const value of yes) {
    while (below < no.length && no[below]! < value) below++;
    while (upTo < no.length && no[upTo]! <= value) upTo++;
    pairs += (below + upTo) / 2;
  }
  return pairs / (yes.length * no.length);
};

export interface CalibrationRow {
  /** Predictions of these customers lie in this range. */
  readonly predicted: Interval;
  readonly n: number;
  readonly meanPredicted: number;
  /** Share of them for whom it came true. */
  readonly observed: number;
  /** Wilson's 95 % interval of that share. */
  readonly observedInterval: Interval;
}

/**
 * Predicted against observed, in groups of about equal size in the order of the predictions; equal predictions stay
 * together, so there may be fewer groups.
 * @throws DegenerateData `no-customers`; InvalidInput `lengths-differ`, `impossible-outcome`
 * Source: Wilson, J. Am. Stat. Assoc. 22 (1927), for the interval.
 */
export const calibrationTable = (
  predicted: Float64Array,
  outcomes: Float64Array,
  groups = 10,
): CalibrationRow[] => {
  checkPredictions(predicted, outcomes);
  const sorted = predicted.slice().sort();
  const bounds = Array.from(
    { length: groups },
    (_, g) => sorted[Math.ceil(((g + 1) * sorted.length) / groups) - 1]!,
  );
  const uppers = [...new Set(bounds)];
  const n = new Float64Array(uppers.length);
  const sum = new Float64Array(uppers.length);
  const came = new Float64Array(uppers.length);
  const least = new Float64Array(uppers.length).fill(1);
  for (let i = 0; i < predicted.length; i++) {
    const g = uppers.findIndex((upper) => predicted[i]! <= upper);
    n[g]! += 1;
    sum[g]! += predicted[i]!;
    came[g]! += outcomes[i]!;
    if (predicted[i]! < least[g]!) least[g] = predicted[i]!;
  }
  return uppers.map((high, g) => ({
    predicted: { low: least[g]!, high },
    n: n[g]!,
    meanPredicted: sum[g]! / n[g]!,
    observed: came[g]! / n[g]!,
    observedInterval: wilson(came[g]!, n[g]!),
  }));
};

const wilson = (count: number, n: number, level = 0.95): Interval => {
  const z = normalQuantile((1 + level) / 2, 0, 1);
  const p = count / n;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const reach = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return { low: Math.max(0, centre - reach), high: Math.min(1, centre + reach) };
};
