import { distinct } from './distinct.js';
import { customersIn, type GroupedHistories } from './histories.js';
import type { LogLikelihood } from './maximum-likelihood.js';
import { lnRising, lnRisingSlope } from './rising.js';

/**
 * BG/NBD and MBG/NBD differ in one thing: in the first a customer may drop out after each repeat purchase, in the
 * second after the first purchase too. With k = 0 or 1 for that, and x repeat purchases at (tx, T), both have
 *   L = Γ(r+x) α^r / Γ(r) · B(a, b+k+x) / B(a, b) · [ (α+T)^−(r+x) + δ · a / (b+k+x−1) · (α+tx)^−(r+x) ]
 * where δ = 0 for k = 0, x = 0 (who never came back cannot have dropped out) and 1 otherwise.
 */
export type DropoutAtFirstPurchase = 0 | 1;

export interface BetaGeometricParameters {
  /** Shape of the gamma distribution of purchase rates; > 0. */
  readonly r: number;
  /** Its rate, in units of time; > 0. */
  readonly alpha: number;
  /** First shape of the beta distribution of dropout probabilities; > 0. */
  readonly a: number;
  /** Its second shape; > 0. */
  readonly b: number;
}

/** Groups in the order of x, with times coded by their distinct values: logarithms are taken once per value. */
interface Arranged {
  readonly customers: number;
  readonly counts: readonly {
    readonly x: number;
    readonly n: number;
    readonly from: number;
    readonly to: number;
  }[];
  readonly lastPurchases: Float64Array;
  readonly ends: Float64Array;
  readonly lastPurchase: Int32Array;
  readonly end: Int32Array;
  readonly n: Float64Array;
}

const arrange = ({ x, tx, T, n }: GroupedHistories): Arranged => {
  const byX = distinct(x);
  const byTx = distinct(tx);
  const byT = distinct(T);
  const values = Array.from(byX.first, (row) => x[row]!);
  const order = values.map((_, code) => code).sort((a, b) => values[a]! - values[b]!);
  const sizes = new Int32Array(byX.size);
  for (let i = 0; i < n.length; i++) sizes[byX.index[i]!]! += 1;
  const starts = new Int32Array(byX.size);
  const counts = [];
  let from = 0;
  for (const code of order) {
    starts[code] = from;
    const to = from + sizes[code]!;
    counts.push({ x: values[code]!, n: 0, from, to });
    from = to;
  }
  const lastPurchase = new Int32Array(n.length);
  const end = new Int32Array(n.length);
  const weights = new Float64Array(n.length);
  const free = starts.slice();
  for (let i = 0; i < n.length; i++) {
    const place = free[byX.index[i]!]!++;
    lastPurchase[place] = byTx.index[i]!;
    end[place] = byT.index[i]!;
    weights[place] = n[i]!;
  }
  for (const count of counts) for (let i = count.from; i < count.to; i++) count.n += weights[i]!;
  return {
    customers: customersIn({ x, tx, T, n }),
    counts,
    lastPurchases: Float64Array.from(byTx.first, (row) => tx[row]!),
    ends: Float64Array.from(byT.first, (row) => T[row]!),
    lastPurchase,
    end,
    n: weights,
  };
};

/** The log-likelihood of ln r, ln α, ln a, ln b, with its gradient. */
export const betaGeometricLogLikelihood = (
  groups: GroupedHistories,
  k: DropoutAtFirstPurchase,
): LogLikelihood => {
  const { customers, counts, lastPurchases, ends, lastPurchase, end, n } = arrange(groups);
  const lnEnd = new Float64Array(ends.length);
  const inverseEnd = new Float64Array(ends.length);
  const lnLast = new Float64Array(lastPurchases.length);
  const inverseLast = new Float64Array(lastPurchases.length);
  return (logParameters, gradient) => {
    const [r, alpha, a, b] = Array.from(logParameters, Math.exp) as [number, number, number, number];
    tabulate(ends, alpha, lnEnd, inverseEnd);
    tabulate(lastPurchases, alpha, lnLast, inverseLast);
    let value = customers * r * Math.log(alpha);
    let byR = customers * Math.log(alpha);
    let byAlpha = (customers * r) / alpha;
    let byA = 0;
    let byB = 0;
    for (const { x, n: count, from, to } of counts) {
      const trials = x + k;
      const mayBeGone = trials > 0;
      value += count * (lnRising(r, x) + lnRising(b, trials) - lnRising(a + b, trials));
      byR += count * lnRisingSlope(r, x);
      const bySum = lnRisingSlope(a + b, trials);
      byA -= count * bySum;
      byB += count * (lnRisingSlope(b, trials) - bySum);
      const shape = r + x;
      const lnOdds = mayBeGone ? Math.log(a) - Math.log(b + trials - 1) : Number.NEGATIVE_INFINITY;
      let sumValue = 0;
      let sumR = 0;
      let sumAlpha = 0;
      let gone = 0;
      for (let i = from; i < to; i++) {
        const weight = n[i]!;
        const atEnd = end[i]!;
        const atLast = lastPurchase[i]!;
        const silence = lnEnd[atEnd]! - lnLast[atLast]!;
        const exponent = lnOdds + shape * silence;
        // Probability of being gone, and the logarithm of the bracket, without overflow.
        const small = Math.exp(exponent < 0 ? exponent : -exponent);
        const probability = (exponent < 0 ? small : 1) / (1 + small);
        const bracket = Math.log(1 + small) + Math.max(exponent, 0);
        sumValue += weight * (bracket - shape * lnEnd[atEnd]!);
        sumR += weight * (probability * silence - lnEnd[atEnd]!);
        sumAlpha += weight * (probability * (inverseEnd[atEnd]! - inverseLast[atLast]!) - inverseEnd[atEnd]!);
        gone += weight * probability;
      }
      value += sumValue;
      byR += sumR;
      byAlpha += shape * sumAlpha;
      if (mayBeGone) {
        byA += gone / a;
        byB -= gone / (b + trials - 1);
      }
    }
    gradient[0] = byR * r;
    gradient[1] = byAlpha * alpha;
    gradient[2] = byA * a;
    gradient[3] = byB * b;
    return value;
  };
};

const tabulate = (times: Float64Array, alpha: number, ln: Float64Array, inverse: Float64Array): void => {
  for (let i = 0; i < times.length; i++) {
    ln[i] = Math.log(alpha + times[i]!);
    inverse[i] = 1 / (alpha + times[i]!);
  }
};
