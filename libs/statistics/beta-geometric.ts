import { type ArrangedHistories, arrangedByCount, type SameCount } from './arranged-histories.js';
import type { GroupedHistories } from './histories.js';
import type { LogLikelihood } from './maximum-likelihood.js';
import { lnRising, lnRisingSlope } from './rising.js';

// Looked up once: in a vm context, as tests run in, every mention of a global is a slow look-up.
const { exp, log, max } = Math;

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

/** The log-likelihood of ln r, ln α, ln a, ln b, with its gradient. */
export const betaGeometricLogLikelihood = (
  groups: GroupedHistories,
  k: DropoutAtFirstPurchase,
): LogLikelihood => {
  const arranged = arrangedByCount(groups);
  const lastPurchases = logTable(arranged.lastPurchases);
  const ends = logTable(arranged.ends);
  return (logParameters, gradient) => {
    const [r, alpha, a, b] = Array.from(logParameters, Math.exp) as [number, number, number, number];
    tabulate(lastPurchases, alpha);
    tabulate(ends, alpha);
    let value = 0;
    let byR = 0;
    let byLnAlpha = 0;
    let byA = 0;
    let byB = 0;
    for (const same of arranged.counts) {
      const { x, n } = same;
      const trials = x + k;
      value += n * (lnRising(r, x) - x * logParameters[1]! + lnRising(b, trials) - lnRising(a + b, trials));
      byR += n * lnRisingSlope(r, x);
      byLnAlpha -= n * x;
      const bySum = lnRisingSlope(a + b, trials);
      byA -= n * bySum;
      byB += n * (lnRisingSlope(b, trials) - bySum);
      const odds = trials > 0 ? a / (b + trials - 1) : 0;
      const sums = sumOverRows(arranged, same, lastPurchases, ends, r + x, Math.log(odds));
      value += sums.value;
      byR += sums.byShape;
      byLnAlpha += sums.byLnAlpha;
      if (trials > 0) {
        byA += sums.gone / a;
        byB -= sums.gone / (b + trials - 1);
      }
    }
    gradient[0] = byR * r;
    gradient[1] = byLnAlpha;
    gradient[2] = byA * a;
    gradient[3] = byB * b;
    return value;
  };
};

/** ln(1 + t/α) and t / (α + t) of each distinct time t: with α taken out of the powers, digits stay when it is large. */
interface LogTable {
  readonly times: Float64Array;
  readonly ln: Float64Array;
  readonly share: Float64Array;
}

const logTable = (times: Float64Array): LogTable => ({
  times,
  ln: new Float64Array(times.length),
  share: new Float64Array(times.length),
});

const tabulate = ({ times, ln, share }: LogTable, alpha: number): void => {
  for (let i = 0; i < times.length; i++) {
    ln[i] = Math.log1p(times[i]! / alpha);
    share[i] = times[i]! / (alpha + times[i]!);
  }
};

/**
 * Over the rows with one x, the sums of the logarithm of the bracket times α^(r+x), of its derivatives with respect
 * to the shape r + x and to ln α, and of the probability of being gone: one exponential and one logarithm a row.
 */
const sumOverRows = (
  { lastPurchase, end, n }: ArrangedHistories,
  { from, to }: SameCount,
  lastPurchases: LogTable,
  ends: LogTable,
  shape: number,
  lnOdds: number,
): { value: number; byShape: number; byLnAlpha: number; gone: number } => {
  let value = 0;
  let byShape = 0;
  let byLnAlpha = 0;
  let gone = 0;
  for (let i = from; i < to; i++) {
    const weight = n[i]!;
    const lnEnd = ends.ln[end[i]!]!;
    const shareEnd = ends.share[end[i]!]!;
    const silence = lnEnd - lastPurchases.ln[lastPurchase[i]!]!;
    const exponent = lnOdds + shape * silence;
    // Without overflow: e^−|exponent| is never above 1.
    const small = exp(exponent < 0 ? exponent : -exponent);
    const probability = (exponent < 0 ? small : 1) / (1 + small);
    value += weight * (log(1 + small) + max(exponent, 0) - shape * lnEnd);
    byShape += weight * (probability * silence - lnEnd);
    byLnAlpha += weight * (shareEnd - probability * (shareEnd - lastPurchases.share[lastPurchase[i]!]!));
    gone += weight * probability;
  }
  return { value, byShape, byLnAlpha: shape * byLnAlpha, gone };
};
