import { DegenerateData, InvalidInput } from './errors.js';

/**
 * A map from predicted to calibrated probabilities: logit(calibrated) = intercept + slope · logit(predicted).
 * Intercept 0 and slope 1 leave predictions as they are; a slope below 1 says that they were too extreme.
 */
export interface Calibration {
  readonly intercept: number;
  readonly slope: number;
}

/** Probabilities are kept this far from 0 and 1, so that one surprise is not infinitely wrong. */
const EDGE = 1e-6;

const logit = (probability: number): number => {
  const inside = Math.min(1 - EDGE, Math.max(EDGE, probability));
  return Math.log(inside / (1 - inside));
};

/** Two parameters need no more rows than this; of more, every k-th is taken. */
const ENOUGH_ROWS = 200_000;
const MAX_ITERATIONS = 50;

/**
 * Fits the calibration by maximum likelihood on predictions and what came true.
 *
 * Logistic (Platt) and not isotonic, because it has two parameters, keeps the ranking, never answers 0 or 1, works
 * with a few hundred customers, contains 'no change needed', and its parameters are themselves the diagnosis (Cox
 * 1958). Isotonic regression needs thousands of outcomes in each region and ties customers that the model tells apart.
 * Outcomes are smoothed as Platt does, so that the fit stays finite when predictions separate them.
 * @param predicted probabilities in [0, 1]
 * @param outcomes 1 where it came true, else 0; the same length
 * @returns slope >= 0; 0 when the predictions rank no better than chance, and everyone gets the base rate
 * @throws DegenerateData `no-customers`; `one-outcome-only` when all came true or none did
 * @throws InvalidInput `lengths-differ`, `impossible-outcome`
 * Source: Platt, Probabilistic Outputs for Support Vector Machines (1999); Lin, Lin & Weng, Machine Learning 68 (2007).
 */
export const fitCalibration = (predicted: Float64Array, outcomes: Float64Array): Calibration => {
  checkPredictions(predicted, outcomes);
  const every = Math.ceil(predicted.length / ENOUGH_ROWS);
  const logits = predicted.filter((_, i) => i % every === 0).map(logit);
  const came = outcomes.filter((_, i) => i % every === 0);
  const yes = came.reduce((sum, outcome) => sum + outcome, 0);
  const no = came.length - yes;
  if (yes === 0 || no === 0)
    throw new DegenerateData(
      'one-outcome-only',
      `${yes === 0 ? 'None' : 'All'} of the ${came.length} customers did not buy: predictions cannot be calibrated.`,
    );
  const targets = came.map((outcome) => (outcome === 1 ? (yes + 1) / (yes + 2) : 1 / (no + 2)));
  const fit = newton(logits, targets, Math.log((yes + 1) / (no + 1)));
  return fit.slope > 0 ? fit : { intercept: Math.log((yes + 1) / (no + 1)), slope: 0 };
};

/** @throws InvalidInput, DegenerateData as fitCalibration */
export const checkPredictions = (predicted: Float64Array, outcomes: Float64Array): void => {
  if (predicted.length !== outcomes.length)
    throw new InvalidInput('lengths-differ', 'There must be one outcome for each prediction.');
  if (predicted.length === 0)
    throw new DegenerateData('no-customers', 'There are no customers to learn from.');
  for (let i = 0; i < predicted.length; i++) {
    if (!(predicted[i]! >= 0 && predicted[i]! <= 1) || (outcomes[i] !== 0 && outcomes[i] !== 1))
      throw new InvalidInput(
        'impossible-outcome',
        `Row ${i}: predicted ${predicted[i]}, outcome ${outcomes[i]}.`,
      );
  }
};

/** Newton's method with halved steps where the likelihood would fall. */
const newton = (logits: Float64Array, targets: Float64Array, baseLogit: number): Calibration => {
  let at = { intercept: baseLogit, slope: 0 };
  let loss = lossAt(logits, targets, at);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const step = newtonStep(logits, targets, at);
    let share = 1;
    let next = moved(at, step, share);
    let nextLoss = lossAt(logits, targets, next);
    while (!(nextLoss <= loss) && share > 1e-6) {
      share /= 2;
      next = moved(at, step, share);
      nextLoss = lossAt(logits, targets, next);
    }
    if (!(nextLoss <= loss)) return at;
    const done = loss - nextLoss <= 1e-12 * logits.length;
    at = next;
    loss = nextLoss;
    if (done) return at;
  }
  return at;
};

const moved = (at: Calibration, step: Calibration, share: number): Calibration => ({
  intercept: at.intercept + share * step.intercept,
  slope: at.slope + share * step.slope,
});

const newtonStep = (
  logits: Float64Array,
  targets: Float64Array,
  { intercept, slope }: Calibration,
): Calibration => {
  let [g0, g1, h00, h01, h11] = [0, 0, 1e-9, 0, 1e-9];
  for (let i = 0; i < logits.length; i++) {
    const z = logits[i]!;
    const p = sigmoid(intercept + slope * z);
    const weight = p * (1 - p);
    g0 += targets[i]! - p;
    g1 += (targets[i]! - p) * z;
    h00 += weight;
    h01 += weight * z;
    h11 += weight * z * z;
  }
  const determinant = h00 * h11 - h01 * h01;
  // Predictions that are all the same leave only the intercept to move.
  if (!(determinant > 1e-12 * h00 * h11)) return { intercept: g0 / h00, slope: 0 };
  return { intercept: (h11 * g0 - h01 * g1) / determinant, slope: (h00 * g1 - h01 * g0) / determinant };
};

const lossAt = (logits: Float64Array, targets: Float64Array, { intercept, slope }: Calibration): number => {
  let loss = 0;
  for (let i = 0; i < logits.length; i++) {
    const z = intercept + slope * logits[i]!;
    loss += Math.max(z, 0) - targets[i]! * z + Math.log1p(Math.exp(-Math.abs(z)));
  }
  return loss;
};

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/** Applies a calibration; each result in (0, 1), in the same order of rank as the predictions. */
export const calibrated = ({ intercept, slope }: Calibration, predicted: Float64Array): Float64Array =>
  predicted.map((probability) => sigmoid(intercept + slope * logit(probability)));
