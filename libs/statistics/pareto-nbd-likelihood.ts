import { type Coded, distinct, distinctPairs } from './distinct.js';
import { type DropoutIntegral, dropoutIntegral } from './dropout-integral.js';
import type { GroupedHistories } from './histories.js';
import type { LogLikelihood } from './maximum-likelihood.js';
import { lnRising, lnRisingSlope } from './rising.js';

// Looked up once: in a vm context, as tests run in, every mention of a global is a slow look-up.
const { exp, log, log1p, max } = Math;

/** The dropout integral at the distinct (x, time) of one column of times: it is what costs. */
const integralsAt = (pairs: Coded, x: Float64Array, time: Float64Array) => {
  const integrals = new Array<DropoutIntegral>(pairs.size);
  return (r: number, alpha: number, s: number, beta: number): readonly DropoutIntegral[] => {
    for (let i = 0; i < pairs.size; i++) {
      const row = pairs.first[i]!;
      integrals[i] = dropoutIntegral(r + x[row]!, s, alpha, beta, time[row]!);
    }
    return integrals;
  };
};

/**
 * The log-likelihood of ln r, ln α, ln s, ln β, with its gradient:
 *   L = Γ(r+x) / Γ(r) · α^−x · [ (1+T/α)^−(r+x) (1+T/β)^−s + s (K(tx) − K(T)) ]
 * with K as in dropout-integral.ts for c = r + x.
 */
export const paretoNbdLogLikelihood = (groups: GroupedHistories): LogLikelihood => {
  const { x, tx, T, n } = groups;
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
    let value = 0;
    let byR = 0;
    let byLnAlpha = 0;
    let byS = 0;
    let byLnBeta = 0;
    for (let code = 0; code < byX.size; code++) {
      const purchases = x[byX.first[code]!]!;
      value += countOfX[code]! * (lnRising(r, purchases) - purchases * logParameters[1]!);
      byR += countOfX[code]! * lnRisingSlope(r, purchases);
      byLnAlpha -= countOfX[code]! * purchases;
    }
    for (let i = 0; i < n.length; i++) {
      const shape = r + x[i]!;
      const ofLast = last[lastPairs.index[i]!]!;
      const ofEnd = end[endPairs.index[i]!]!;
      const lnA = log1p(T[i]! / alpha);
      const lnB = log1p(T[i]! / beta);
      const lnAlive = -shape * lnA - s * lnB;
      const lnLast = logParameters[2]! + ofLast.ln;
      const most = max(lnAlive, lnLast);
      const alive = exp(lnAlive - most);
      const fromLast = exp(lnLast - most);
      const fromEnd = exp(logParameters[2]! + ofEnd.ln - most);
      const sum = alive + fromLast - fromEnd;
      const weight = n[i]! / sum;
      value += n[i]! * (most + log(sum));
      byR += weight * (-alive * lnA + fromLast * ofLast.byC - fromEnd * ofEnd.byC);
      byS += weight * (-alive * lnB + fromLast * (1 / s + ofLast.byS) - fromEnd * (1 / s + ofEnd.byS));
      const shareA = (shape * T[i]!) / (alpha + T[i]!);
      const shareB = (s * T[i]!) / (beta + T[i]!);
      byLnAlpha += weight * (alive * shareA + fromLast * ofLast.byLnAlpha - fromEnd * ofEnd.byLnAlpha);
      byLnBeta += weight * (alive * shareB + fromLast * ofLast.byLnBeta - fromEnd * ofEnd.byLnBeta);
    }
    gradient[0] = byR * r;
    gradient[1] = byLnAlpha;
    gradient[2] = byS * s;
    gradient[3] = byLnBeta;
    return value;
  };
};
