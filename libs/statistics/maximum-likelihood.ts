import { inverseOfPositiveDefinite } from './matrix.js';
import { type Minimum, minimise, type Objective } from './minimise.js';
import type { Fit } from './model.js';

/**
 * A log-likelihood as a function of the logarithms of the parameters: returns its value and writes its gradient
 * (with respect to the logarithms) into `gradient`.
 */
export type LogLikelihood = (logParameters: Float64Array, gradient: Float64Array) => number;

export interface LikelihoodProblem<Model extends string, Name extends string> {
  readonly model: Model;
  readonly names: readonly Name[];
  /** Where to start from; the parameters themselves, not their logarithms. */
  readonly start: readonly number[];
  readonly logLikelihood: LogLikelihood;
  readonly customers: number;
  /** The same on a sample of the customers, to come near the maximum cheaply. */
  readonly sample?: { readonly logLikelihood: LogLikelihood; readonly customers: number };
}

/** Logarithms of parameters are sought within these: what lies beyond is a model without that kind of variation. */
const LEAST_LOG = Math.log(1e-5);
const MOST_LOG = Math.log(1e6);
const within = (logarithm: number): number => Math.min(MOST_LOG, Math.max(LEAST_LOG, logarithm));

/**
 * Largest gradient, of the sum over all customers, at a maximum: it is off by a ten-thousandth of a standard error
 * at most, and where the likelihood levels off towards a limit, nothing is gained by going on.
 */
const TOLERANCE = 1e-4;
const LEAST_TOLERANCE = 1e-9;

/**
 * Maximises a likelihood over the logarithms of its parameters, and takes standard errors from the observed
 * information. The objective is the mean per customer, so that tolerances mean the same at every size.
 */
export const maximumLikelihood = <Model extends string, Name extends string>({
  model,
  names,
  start,
  logLikelihood,
  customers,
  sample,
}: LikelihoodProblem<Model, Name>): Fit<Model, Name> => {
  const objective = meanLoss(logLikelihood, customers);
  const near =
    sample &&
    minimise(meanLoss(sample.logLikelihood, sample.customers), start.map(Math.log), {
      gradientTolerance: 1e-5,
    });
  const gradientTolerance = Math.max(LEAST_TOLERANCE, TOLERANCE / customers);
  const from = near?.point ?? start.map(Math.log);
  let minimum = minimise(objective, from, { gradientTolerance, inverseHessian: near?.inverseHessian });
  if (!minimum.convergence.converged)
    minimum = continued(minimum, minimise(objective, minimum.point, { gradientTolerance }));
  const point = minimum.point.map(within);
  const logCovariance = covariance(objective, { ...minimum, point }, customers);
  const values = Array.from(point, Math.exp);
  return {
    model,
    names,
    parameters: named(names, values),
    standardErrors:
      logCovariance &&
      named(
        names,
        values.map((value, i) => value * Math.sqrt(logCovariance[i]![i]!)),
      ),
    logCovariance,
    logLikelihood: -minimum.value * customers,
    customers,
    convergence: minimum.convergence,
  };
};

/** Level beyond the limits, so that a search can end there for one parameter and go on for the others. */
const meanLoss =
  (logLikelihood: LogLikelihood, customers: number): Objective =>
  (point, gradient) => {
    const value = logLikelihood(point.map(within), gradient);
    for (let i = 0; i < gradient.length; i++)
      gradient[i] = within(point[i]!) === point[i] ? gradient[i]! / -customers : 0;
    return -value / customers;
  };

/** The end of a search taken up again, with the work of both. */
const continued = (first: Minimum, second: Minimum): Minimum => ({
  ...second,
  convergence: {
    ...second.convergence,
    iterations: first.convergence.iterations + second.convergence.iterations,
    evaluations: first.convergence.evaluations + second.convergence.evaluations,
  },
});

/** A standard error of a logarithm from which on the parameter is not known at all: a factor of 150 either way. */
const UNKNOWN = 5;
/** Step of the differences: their error is of its order, and rounding of the gradient, 1e-14, is divided by it. */
const STEP = 1e-5;

/**
 * The inverse of the observed information at the maximum, from differences of the gradient. In terms of logarithms;
 * times both parameters it is the covariance of the parameters, because the gradient is zero there.
 * @returns null when the information is singular, or as good as
 */
const covariance = (
  objective: Objective,
  { point, gradient }: Minimum,
  customers: number,
): number[][] | null => {
  const rows = Array.from(point, (_, i) => {
    const beside = point.slice();
    beside[i]! += STEP;
    const gradientThere = new Float64Array(point.length);
    objective(beside, gradientThere);
    return Array.from(gradientThere, (value, j) => ((value - gradient[j]!) * customers) / STEP);
  });
  const information = rows.map((row, i) => row.map((value, j) => (value + rows[j]![i]!) / 2));
  if (information.some((row) => row.some((value) => !Number.isFinite(value)))) return null;
  const inverse = inverseOfPositiveDefinite(information);
  return inverse?.every((row, i) => row[i]! < UNKNOWN ** 2) ? inverse : null;
};

const named = <Name extends string>(
  names: readonly Name[],
  values: readonly number[],
): Record<Name, number> =>
  Object.fromEntries(names.map((name, i) => [name, values[i]!])) as Record<Name, number>;
