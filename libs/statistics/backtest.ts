import { DegenerateData, InvalidInput } from './errors.js';
import type { Histories } from './histories.js';

export interface ForecastErrors {
  /** Mean absolute error per customer. */
  readonly mae: number;
  /** Root of the mean squared error per customer. */
  readonly rmse: number;
  /** Sum of the forecasts. */
  readonly total: number;
  /** Sum of the forecasts over what came, minus 1; null when nothing came. */
  readonly totalError: number | null;
}

export interface Backtest {
  readonly customers: number;
  /** What came in the hold-out period. */
  readonly actual: number;
  readonly model: ForecastErrors;
  readonly baseline: ForecastErrors;
  /**
   * Whether the model is no better than the baseline, by root mean squared error: the error that the conditional
   * mean makes smallest. Absolute error is shown, but it favours the median, which is 0 for most customers.
   */
  readonly losesToBaseline: boolean;
}

export interface BacktestColumns {
  /** What came, per customer, >= 0. */
  readonly actual: Float64Array;
  readonly model: Float64Array;
  readonly baseline: Float64Array;
  /** Customers each row stands for; default 1. */
  readonly n?: Float64Array;
}

/**
 * The naive forecast that a model must beat: everybody goes on at the rate of their own past, x / T purchases per
 * unit of time; at the mean rate of all, where T = 0.
 * @param histories one row per customer, or per group of `n`
 * @param holdOut length of the hold-out period, in the unit of the histories
 */
export const ownRateBaseline = (
  { x, T, n }: Histories & { readonly n?: Float64Array },
  holdOut: number,
): Float64Array => {
  let purchases = 0;
  let time = 0;
  for (let i = 0; i < x.length; i++) {
    purchases += (n?.[i] ?? 1) * x[i]!;
    time += (n?.[i] ?? 1) * T[i]!;
  }
  const meanRate = time > 0 ? purchases / time : 0;
  return x.map((count, i) => holdOut * (T[i]! > 0 ? count / T[i]! : meanRate));
};

/**
 * Compares forecasts of a hold-out period, made from what was known before it, with what came.
 * @throws DegenerateData `no-customers`
 * @throws InvalidInput `lengths-differ`, `impossible-outcome`
 */
export const backtest = ({ actual, model, baseline, n }: BacktestColumns): Backtest => {
  const rows = actual.length;
  if (rows === 0) throw new DegenerateData('no-customers', 'There are no customers to test on.');
  if (model.length !== rows || baseline.length !== rows || (n && n.length !== rows))
    throw new InvalidInput('lengths-differ', 'The columns of a backtest must have the same length.');
  const weights = n ?? new Float64Array(rows).fill(1);
  const customers = weights.reduce((sum, weight) => sum + weight, 0);
  const came = actual.reduce((sum, value, i) => sum + weights[i]! * value, 0);
  if (!(Number.isFinite(came) && customers > 0))
    throw new InvalidInput('impossible-outcome', 'What came must be finite numbers.');
  const errorsOf = (forecast: Float64Array): ForecastErrors => {
    let absolute = 0;
    let squared = 0;
    let total = 0;
    for (let i = 0; i < rows; i++) {
      const error = forecast[i]! - actual[i]!;
      absolute += weights[i]! * Math.abs(error);
      squared += weights[i]! * error * error;
      total += weights[i]! * forecast[i]!;
    }
    return {
      mae: absolute / customers,
      rmse: Math.sqrt(squared / customers),
      total,
      totalError: came > 0 ? total / came - 1 : null,
    };
  };
  const errors = { model: errorsOf(model), baseline: errorsOf(baseline) };
  return { customers, actual: came, ...errors, losesToBaseline: !(errors.model.rmse < errors.baseline.rmse) };
};
