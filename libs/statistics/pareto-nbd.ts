import { countsWhileExposed } from './counts-while-exposed.js';
import { distinct, distinctPairs } from './distinct.js';
import { dropoutIntegral } from './dropout-integral.js';
import { checkParameters } from './errors.js';
import { checkFittable, customersIn, type GroupedHistories, systematicSample } from './histories.js';
import { maximumLikelihood } from './maximum-likelihood.js';
import type { Fit, PurchaseModel } from './model.js';
import { paretoNbdLogLikelihood } from './pareto-nbd-likelihood.js';

export interface ParetoNbdParameters {
  /** Shape of the gamma distribution of purchase rates. */
  readonly r: number;
  /** Its rate, in units of time. */
  readonly alpha: number;
  /** Shape of the gamma distribution of dropout rates. */
  readonly s: number;
  /** Its rate, in units of time. */
  readonly beta: number;
}

export type ParetoNbdFit = Fit<'pareto-nbd', 'r' | 'alpha' | 's' | 'beta'>;

const NAMES = ['r', 'alpha', 's', 'beta'] as const;

/**
 * Pareto/NBD with given parameters. Customers buy at a constant rate of their own (gamma: r, α) until they drop out,
 * which may happen at any time, at a rate of their own (gamma: s, β).
 * @param parameters each from 1e-6 to 1e7; α and β per unit of time
 * @throws InvalidInput `impossible-parameter`
 * Source: Schmittlein, Morrison & Colombo, Management Science 33 (1987); Fader & Hardie, "A Note on Deriving the
 * Pareto/NBD Model and Related Expressions" (2005), equations (15), (17), (32), (41).
 */
export const paretoNbd = (parameters: ParetoNbdParameters): PurchaseModel => {
  const { r, alpha, s, beta } = checkParameters(parameters, NAMES);
  // Density of the history over what does not depend on the time of dropout: alive at T, and dropped out after t.
  const lnAlive = (x: number, T: number) => -(r + x) * Math.log1p(T / alpha) - s * Math.log1p(T / beta);
  const lnGoneAfter = (x: number, t: number) => Math.log(s) + dropoutIntegral(r + x, s, alpha, beta, t).ln;
  return {
    name: 'pareto-nbd',
    timeScale: Math.min(alpha, beta),
    expectedPurchases: (t) => (r / alpha) * expectedLife(s, beta, t),
    probabilityAlive: ({ x, tx, T }) => {
      const byX = distinct(x);
      const last = distinctPairs(byX, distinct(tx));
      const end = distinctPairs(byX, distinct(T));
      const goneAfterLast = Float64Array.from(last.first, (row) => lnGoneAfter(x[row]!, tx[row]!));
      const goneAfterEnd = Float64Array.from(end.first, (row) => lnGoneAfter(x[row]!, T[row]!));
      const lnAliveEnd = Float64Array.from(end.first, (row) => lnAlive(x[row]!, T[row]!));
      const result = new Float64Array(x.length);
      for (let i = 0; i < result.length; i++) {
        const p = last.index[i]!;
        const q = end.index[i]!;
        const goneBeforeEnd = Math.max(0, -Math.expm1(goneAfterEnd[q]! - goneAfterLast[p]!));
        result[i] = 1 / (1 + goneBeforeEnd * Math.exp(goneAfterLast[p]! - lnAliveEnd[q]!));
      }
      return result;
    },
    purchasesIfAlive: (x, T, t) => ((r + x) / (alpha + T)) * expectedLife(s, beta + T, t),
    noPurchaseIfAlive: (x, T, t) => {
      const now = lnAlive(x, T);
      const nothing = Math.exp(lnAlive(x, T + t) - now);
      const goneFirst = Math.exp(lnGoneAfter(x, T) - now) - Math.exp(lnGoneAfter(x, T + t) - now);
      return Math.min(1, nothing + Math.max(0, goneFirst));
    },
    countsIfAlive: (x, T, t, most) =>
      countsWhileExposed({ shape: r + x, rate: alpha + T }, { shape: s, rate: beta + T }, t, most),
  };
};

/** Expected time lived in (0, t] when dropout rates are gamma (s, beta): the integral of (beta / (beta + y))^s. */
const expectedLife = (s: number, beta: number, t: number): number => {
  const log = Math.log1p(t / beta);
  const z = (s - 1) * log;
  return beta * log * (Math.abs(z) < 1e-12 ? 1 : -Math.expm1(-z) / z);
};

/** Customers in the sample from which a fit of many starts. */
const SAMPLE = 20_000;

/**
 * Fits Pareto/NBD by maximum likelihood on grouped histories; equal histories may be in one row or in several.
 * @param groups times in any unit; α and β come in the same unit
 * @throws DegenerateData `no-customers`, `one-customer`, `all-on-one-day`, `no-repeat-purchases`, `no-variation`
 * @throws InvalidInput `lengths-differ`, `impossible-history`
 * Source: Fader & Hardie (2005), equation (18), as an integral.
 */
export const fitParetoNbd = (groups: GroupedHistories): ParetoNbdFit => {
  checkFittable(groups);
  const likelihood = (of: GroupedHistories) => ({
    logLikelihood: paretoNbdLogLikelihood(of),
    customers: customersIn(of),
  });
  const whole = likelihood(groups);
  const sample =
    groups.n.length > 2 * SAMPLE ? likelihood(systematicSample(groups, whole.customers, SAMPLE)) : undefined;
  const start = startingPoint(groups, whole.customers);
  return maximumLikelihood({ model: 'pareto-nbd', names: NAMES, start, ...whole, sample });
};

/** A heterogeneous population that buys at twice the mean rate seen, and lives about as long as it was observed. */
const startingPoint = ({ x, T, n }: GroupedHistories, customers: number): number[] => {
  let purchases = 0;
  let time = 0;
  for (let i = 0; i < n.length; i++) {
    purchases += n[i]! * x[i]!;
    time += n[i]! * T[i]!;
  }
  const r = 0.5;
  return [r, (r * time) / (2 * purchases), 0.5, time / customers / 2];
};
