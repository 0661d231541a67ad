import { checkParameters, DegenerateData, InvalidInput } from './errors.js';
import { type SpendLikelihood, spendLikelihood } from './gamma-gamma-likelihood.js';
import { maximumLikelihood } from './maximum-likelihood.js';
import type { Fit } from './model.js';

/** One row per customer; the columns have the same length. */
export interface Spends {
  /** Number of repeat purchases the mean is taken over; a whole number >= 0. */
  readonly x: Float64Array;
  /** Mean value of one repeat purchase, in one currency; finite. Ignored where x = 0. */
  readonly meanSpend: Float64Array;
}

export interface GammaGammaParameters {
  /** Shape of the gamma distribution of single spends around a customer's mean. */
  readonly p: number;
  /** Shape of the gamma distribution of the rates of those. */
  readonly q: number;
  /** Its rate, in units of the currency. */
  readonly gamma: number;
}

/** `customers`: those with a repeat purchase of positive mean, over which the likelihood is taken. */
export type GammaGammaFit = Fit<'gamma-gamma', 'p' | 'q' | 'gamma'>;

const NAMES = ['p', 'q', 'gamma'] as const;

/**
 * Expected spend per purchase of each customer: the mean of all pulled towards by few purchases, the customer's own
 * by many; E(M | x, m) = p (γ + x m) / (p x + q − 1).
 * @param spends x >= 0; a mean below 0 (more returned than bought) counts as 0
 * @returns one positive number per row, in the currency of γ
 * @throws InvalidInput `impossible-parameter`, `lengths-differ`
 * @throws DegenerateData `mean-spend-does-not-exist` when q <= 1: the mean of all customers is infinite then
 * Source: Fader & Hardie, "The Gamma-Gamma Model of Monetary Value" (2013), equation (5).
 */
export const expectedSpend = (parameters: GammaGammaParameters, { x, meanSpend }: Spends): Float64Array => {
  const { p, q, gamma } = checkParameters(parameters, NAMES);
  checkLengths(x, meanSpend);
  if (q <= 1)
    throw new DegenerateData(
      'mean-spend-does-not-exist',
      `The spends vary so much (q = ${q}) that their mean does not exist; no value can be expected.`,
    );
  const result = new Float64Array(x.length);
  for (let i = 0; i < result.length; i++) {
    const spent = x[i]! > 0 ? x[i]! * Math.max(meanSpend[i]!, 0) : 0;
    result[i] = (p * (gamma + spent)) / (p * x[i]! + q - 1);
  }
  return result;
};

/** Customers in the sample from which a fit of many starts. */
const SAMPLE = 20_000;

/**
 * Fits Gamma-Gamma by maximum likelihood to the customers with x >= 1 and a positive mean; the others are left out.
 * Assumes that spend per purchase and frequency are independent.
 * @throws DegenerateData `no-repeat-purchases`, `one-customer`, `no-variation` (all means equal)
 * @throws InvalidInput `lengths-differ`, `impossible-history` (x not a whole number >= 0, or a mean not finite)
 * Source: Fader & Hardie (2013), equation (1a); here the sums over customers with the same x are taken together, so
 * that one logarithm serves many customers.
 */
export const fitGammaGamma = ({ x, meanSpend }: Spends): GammaGammaFit => {
  checkLengths(x, meanSpend);
  const whole = spendLikelihood(x, meanSpend);
  checkFittable(whole);
  const every = Math.ceil(whole.customers / SAMPLE);
  const sample =
    every > 2
      ? spendLikelihood(
          x.filter((_, i) => i % every === 0),
          meanSpend.filter((_, i) => i % every === 0),
        )
      : undefined;
  const start = [4, 3, (whole.mean * 2) / 4];
  return maximumLikelihood({ model: 'gamma-gamma', names: NAMES, start, ...whole, sample });
};

const checkLengths = (x: Float64Array, meanSpend: Float64Array): void => {
  if (x.length !== meanSpend.length)
    throw new InvalidInput('lengths-differ', 'The columns x and meanSpend must have the same length.');
};

const checkFittable = ({ customers, varies }: SpendLikelihood): void => {
  if (customers === 0)
    throw new DegenerateData('no-repeat-purchases', 'No customer has bought a second time for money.');
  if (customers < 2)
    throw new DegenerateData(
      'one-customer',
      'One customer only has bought a second time: how customers differ in spend cannot be estimated.',
    );
  if (!varies)
    throw new DegenerateData(
      'no-variation',
      'All customers spend the same per purchase: how they differ cannot be estimated.',
    );
};
