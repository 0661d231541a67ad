import type { Fit } from '#statistics/index';
import type { ModelRunResult } from './model-run.js';

/**
 * What is recorded of a fitted model of purchases. It is published unless there is a reason against it: a search
 * that did not converge, or what the backtest says.
 */
export const completed = (
  fit: Fit<string, string>,
  reason: string | false,
  rest: Pick<ModelRunResult, 'backtest' | 'options'> & Partial<ModelRunResult>,
): ModelRunResult => {
  const { converged, iterations, gradientNorm } = fit.convergence;
  const reasonUnpublished = converged
    ? reason || undefined
    : 'the search for the parameters did not converge';
  return {
    customers: fit.customers,
    parameters: fit.parameters,
    standardErrors: fit.standardErrors ?? {},
    logLikelihood: fit.logLikelihood,
    convergence: { converged, iterations, gradientNorm },
    published: reasonUnpublished === undefined,
    ...(reasonUnpublished && { reasonUnpublished }),
    ...rest,
  };
};
