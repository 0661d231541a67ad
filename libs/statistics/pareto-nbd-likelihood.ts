import { type Coded, distinct, distinctPairs } from './distinct.js';
import { dropoutIntegral } from './dropout-integral.js';
import { customersIn, type GroupedHistories } from './histories.js';
import type { LogLikelihood } from './maximum-likelihood.js';
import { lnRising, lnRisingSlope } from './rising.js';

/** The dropout integral at the distinct (x, time) of one column of times: it is what costs. */
interface Integrals {
  readonly ln: Float64Array;
  readonly byC: Float64Array;
  readonly byAlpha: Float64Array;
  readonly byS: Float64Array;
  readonly byBeta: Float64Array;
}

const integralsAt = (pairs: Coded, x: Float64Array, time: Float64Array) => {
  const column = () => new Float64Array(pairs.size);
  const at: Integrals = { ln: column(), byC: column(), byAlpha: column(), byS: column(), byBeta: column() };
  return (r: number, alpha: number, s: number, beta: number): Integrals => {
    for (let i = 0; i < pairs.size; i++) {
      const row = pairs.first[i]!;
      const integral = dropoutIntegral(r + x[row]!, s, alpha, beta, time[row]!);
      at.ln[i] = integral.ln;
      at.byC[i] = integral.byC;
      at.byAlpha[i] = integral.byAlpha;
      at.byS[i] = integral.byS;
      at.byBeta[i] = integral.byBeta;
    }
    return at;
  };
};

/**
 * The log-likelihood of ln r, ln α, ln s, ln β, with its gradient:
 *   L = Γ(r+x) α^r β^s / Γ(r) · [ (α+T)^−(r+x) (β+T)^−s + s (J(tx) − J(T)) ]
 * with J as in dropout-integral.ts for c = r + x.
 */
export const paretoNbdLogLikelihood = (groups: GroupedHistories): LogLikelihood => {
  const { x, tx, T, n } = groups;
  const customers = customersIn(groups);
  const byX = distinct(x);
  const lastPairs = distinctPairs(byX, distinct(tx));
  const endPairs = distinctPairs(byX, distinct(T));
  const atLast = integralsAt(lastPairs, x, tx);
  const atEnd = integralsAt(endPairs, x, T);
  const countOfX = new Float64Array(byX.size);
  for (let i = 0; i < n.length; i++) countOfX[byX.index[i]!]! += n[i]!;

  return (logParameters, gradient) => {
    const [r, alpha, s, beta] = Array.from(logParameters, Math.exp) as [number, number, number, number];
    const last = atLast(r, alpha, s, beta);
    const end = atEnd(r, alpha, s, beta);
    const lnS = Math.log(s);
    let value = customers * (r * Math.log(alpha) + s * Math.log(beta));
    let byR = customers * Math.log(alpha);
    let byAlpha = (customers * r) / alpha;
    let byS = customers * Math.log(beta);
    let byBeta = (customers * s) / beta;
    for (let code = 0; code < byX.size; code++) {
      const purchases = x[byX.first[code]!]!;
      value += countOfX[code]! * lnRising(r, purchases);
      byR += countOfX[code]! * lnRisingSlope(r, purchases);
    }
    for (let i = 0; i < n.length; i++) {
      const shape = r + x[i]!;
      const p = lastPairs.index[i]!;
      const q = endPairs.index[i]!;
      const lnA = Math.log(alpha + T[i]!);
      const lnB = Math.log(beta + T[i]!);
      const alive = -shape * lnA - s * lnB;
      const fromLast = lnS + last.ln[p]!;
      const fromEnd = lnS + end.ln[q]!;
      const most = Math.max(alive, fromLast);
      const wAlive = Math.exp(alive - most);
      const wLast = Math.exp(fromLast - most);
      const wEnd = Math.exp(fromEnd - most);
      const sum = wAlive + wLast - wEnd;
      const weight = n[i]! / sum;
      value += n[i]! * (most + Math.log(sum));
      byR += weight * (-wAlive * lnA + wLast * last.byC[p]! - wEnd * end.byC[q]!);
      byAlpha +=
        weight * ((-wAlive * shape) / (alpha + T[i]!) + wLast * last.byAlpha[p]! - wEnd * end.byAlpha[q]!);
      byS += weight * (-wAlive * lnB + wLast * (1 / s + last.byS[p]!) - wEnd * (1 / s + end.byS[q]!));
      byBeta += weight * ((-wAlive * s) / (beta + T[i]!) + wLast * last.byBeta[p]! - wEnd * end.byBeta[q]!);
    }
    gradient[0] = byR * r;
    gradient[1] = byAlpha * alpha;
    gradient[2] = byS * s;
    gradient[3] = byBeta * beta;
    return value;
  };
};
