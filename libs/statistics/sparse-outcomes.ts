import { InvalidInput } from './errors.js';

/** One outcome per customer, most of them zero: only the others are listed. */
export interface SparseOutcomes {
  /** Number of customers, those with outcome zero included; a whole number >= 0. */
  readonly n: number;
  /** The outcomes that are not zero, in any order; finite, at most `n` of them. */
  readonly values: Float64Array;
}

/** Mean and variance of a sample of size n. */
export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Sum of squared deviations over n − 1. */
  readonly variance: number;
}

/** @throws InvalidInput `impossible-outcome` for more values than customers, or one that is not finite */
export const checkOutcomes = ({ n, values }: SparseOutcomes): void => {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new InvalidInput('impossible-outcome', `The number of customers is ${n}.`);
  if (values.length > n)
    throw new InvalidInput('impossible-outcome', `There are ${values.length} outcomes of ${n} customers.`);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new InvalidInput('impossible-outcome', `Outcome ${wrong} is ${values[wrong]}.`);
};

/** Mean and variance of all outcomes, zeros included, without passing over the zeros; n >= 2. */
export const momentsOf = ({ n, values }: SparseOutcomes): Moments => {
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = sum / n;
  const squares = values.reduce(
    (total, value) => total + (value - mean) ** 2,
    (n - values.length) * mean ** 2,
  );
  return { n, mean, variance: squares / (n - 1) };
};
