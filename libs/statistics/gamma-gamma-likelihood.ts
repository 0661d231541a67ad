import digamma from '@stdlib/math-base-special-digamma';
import gammaln from '@stdlib/math-base-special-gammaln';
import { distinct } from './distinct.js';
import { InvalidInput } from './errors.js';
import type { LogLikelihood } from './maximum-likelihood.js';

export interface SpendLikelihood {
  /** Of ln p, ln q, ln γ, with its gradient. */
  readonly logLikelihood: LogLikelihood;
  /** Customers with a repeat purchase and a positive mean. */
  readonly customers: number;
  /** The mean of their means. */
  readonly mean: number;
  /** Whether their means differ. */
  readonly varies: boolean;
}

/** Customers with the same x: what they spent in all, x · mean. */
interface SameCount {
  readonly x: number;
  readonly totals: Float64Array;
}

/** Prepares the likelihood of Gamma-Gamma for columns of one length. */
export const spendLikelihood = (x: Float64Array, meanSpend: Float64Array): SpendLikelihood => {
  const groups = byCount(x, meanSpend);
  let customers = 0;
  let sum = 0;
  let lnMeans = 0;
  let weightedLnTotals = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const { x: count, totals } of groups) {
    const lnTotals = sumsOver(totals, 0).ln;
    customers += totals.length;
    lnMeans += lnTotals - totals.length * Math.log(count);
    weightedLnTotals += count * lnTotals;
    for (const total of totals) {
      const mean = total / count;
      sum += mean;
      if (mean < least) least = mean;
      if (mean > most) most = mean;
    }
  }
  return {
    customers,
    mean: sum / customers,
    varies: most - least > 1e-9 * most,
    logLikelihood: likelihoodOf(groups, customers, lnMeans, weightedLnTotals),
  };
};

const byCount = (x: Float64Array, meanSpend: Float64Array): SameCount[] => {
  const coded = distinct(x);
  const counts = Array.from(coded.first, (row) => x[row]!);
  for (const [code, count] of counts.entries())
    if (!(count >= 0 && Number.isInteger(count)))
      throw new InvalidInput('impossible-history', `x is ${count} in row ${coded.first[code]}.`);
  const sizes = new Int32Array(coded.size);
  for (let i = 0; i < x.length; i++) {
    if (x[i] === 0) continue;
    if (!Number.isFinite(meanSpend[i]!))
      throw new InvalidInput('impossible-history', `The mean spend is ${meanSpend[i]} in row ${i}.`);
    if (meanSpend[i]! > 0) sizes[coded.index[i]!]! += 1;
  }
  const groups = counts.map((count, code) => ({ x: count, totals: new Float64Array(sizes[code]!) }));
  const filled = new Int32Array(coded.size);
  for (let i = 0; i < x.length; i++) {
    const code = coded.index[i]!;
    if (x[i]! > 0 && meanSpend[i]! > 0) groups[code]!.totals[filled[code]!++] = x[i]! * meanSpend[i]!;
  }
  return groups.filter(({ totals }) => totals.length > 0);
};

const likelihoodOf =
  (
    groups: readonly SameCount[],
    customers: number,
    lnMeans: number,
    weightedLnTotals: number,
  ): LogLikelihood =>
  (logParameters, gradient) => {
    const [p, q, gamma] = Array.from(logParameters, Math.exp) as [number, number, number];
    const lnGamma = Math.log(gamma);
    let value = customers * (q * lnGamma - gammaln(q)) - lnMeans + p * weightedLnTotals;
    let byP = weightedLnTotals;
    let byQ = customers * (lnGamma - digamma(q));
    let byGamma = (customers * q) / gamma;
    for (const { x, totals } of groups) {
      const { ln, inverse } = sumsOver(totals, gamma);
      const n = totals.length;
      const shape = p * x + q;
      const psi = digamma(shape);
      value += n * (gammaln(shape) - gammaln(p * x)) - shape * ln;
      byP += x * (n * (psi - digamma(p * x)) - ln);
      byQ += n * psi - ln;
      byGamma -= shape * inverse;
    }
    gradient[0] = byP * p;
    gradient[1] = byQ * q;
    gradient[2] = byGamma * gamma;
    return value;
  };

const LARGE = 1e250;
const SMALL = 1e-250;

/** Sums of ln(γ + total) and of 1 / (γ + total): one logarithm for as many factors as a number holds. */
const sumsOver = (totals: Float64Array, gamma: number): { ln: number; inverse: number } => {
  let ln = 0;
  let inverse = 0;
  let product = 1;
  for (let i = 0; i < totals.length; i++) {
    const value = gamma + totals[i]!;
    inverse += 1 / value;
    product *= value;
    if (product > LARGE || product < SMALL) {
      ln += Math.log(product);
      product = 1;
    }
  }
  return { ln: ln + Math.log(product), inverse };
};
