import { type Calibration, calibrated, checkPredictions, fitCalibration } from './calibration.js';
import { InvalidInput } from './errors.js';
import {
  type CalibrationRow,
  calibrationTable,
  type ProbabilityScores,
  scoreProbabilities,
} from './probability-scores.js';
import { randomFrom } from './random.js';

/**
 * Churn risk is the probability of no purchase within a stated horizon (`probabilityOfNoPurchase`), calibrated on a
 * backtest with a horizon of the same length. It is not 1 − P(alive): BG/NBD gives everyone without a repeat
 * purchase P(alive) = 1, and most of them never come back.
 */
export interface ChurnBacktest {
  readonly customers: number;
  /** Share that did not buy in the hold-out period. */
  readonly churned: number;
  /** To be applied to later predictions with the same horizon. */
  readonly calibration: Calibration;
  /** The model's probabilities as they came. */
  readonly model: ProbabilityScores;
  /** After calibration, each customer's by a calibration learned without that customer. */
  readonly calibrated: ProbabilityScores;
  /** Everybody given the base rate. */
  readonly baseline: ProbabilityScores;
  /** Whether calibrated probabilities are no better than the base rate, by the Brier score. */
  readonly losesToBaseline: boolean;
  /** Of the calibrated probabilities, learned without the customer. */
  readonly table: readonly CalibrationRow[];
}

const FOLDS = 5;

/**
 * Judges predicted probabilities of no purchase by a hold-out period, and learns their calibration from it.
 * @param predicted P(no purchase in the hold-out period), from what was known before it; in [0, 1]
 * @param churned 1 where the customer did not buy in it, else 0; the same length
 * @param seed of the split into five parts by which the calibration is itself tested
 * @throws DegenerateData `no-customers`; `one-outcome-only` when all bought, or none, in the whole or in a part
 * @throws InvalidInput `lengths-differ`, `impossible-outcome`
 */
export const backtestChurn = (
  predicted: Float64Array,
  churned: Float64Array,
  seed: number,
): ChurnBacktest => {
  checkPredictions(predicted, churned);
  const random = randomFrom(seed);
  const fold = Uint8Array.from(predicted, () => random.uint32() % FOLDS);
  const honest = new Float64Array(predicted.length);
  const calibration = fitCalibration(predicted, churned);
  for (let f = 0; f < FOLDS; f++) {
    const others = fitCalibration(
      predicted.filter((_, i) => fold[i] !== f),
      churned.filter((_, i) => fold[i] !== f),
    );
    const scored = calibrated(others, predicted);
    for (let i = 0; i < honest.length; i++) if (fold[i] === f) honest[i] = scored[i]!;
  }
  const rate = churned.reduce((sum, outcome) => sum + outcome, 0) / churned.length;
  const scores = {
    model: scoreProbabilities(predicted, churned),
    calibrated: scoreProbabilities(honest, churned),
    baseline: scoreProbabilities(new Float64Array(churned.length).fill(rate), churned),
  };
  return {
    customers: predicted.length,
    churned: rate,
    calibration,
    ...scores,
    losesToBaseline: !(scores.calibrated.brier < scores.baseline.brier),
    table: calibrationTable(honest, churned),
  };
};

export type ChurnBand = 'low' | 'medium' | 'high';

/** Least probability of no purchase for each band but the lowest. Kept with the scores it was used for. */
export interface ChurnBands {
  readonly medium: number;
  readonly high: number;
}

export const CHURN_BANDS: ChurnBands = { medium: 0.5, high: 0.8 };

/** @throws InvalidInput `impossible-argument` unless 0 <= probability <= 1 and 0 <= medium <= high <= 1 */
export const churnBand = (probability: number, { medium, high }: ChurnBands = CHURN_BANDS): ChurnBand => {
  if (!(probability >= 0 && probability <= 1 && medium >= 0 && medium <= high && high <= 1))
    throw new InvalidInput(
      'impossible-argument',
      `No band for the probability ${probability} with bounds ${medium} and ${high}.`,
    );
  if (probability >= high) return 'high';
  return probability >= medium ? 'medium' : 'low';
};
