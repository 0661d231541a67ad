import { type Coded, distinct, distinctPairs, rowsByCode } from './distinct.js';
import { requireWithin } from './errors.js';
import { checkHistories, type Histories } from './histories.js';
import type { PurchaseModel } from './model.js';
import { overTenure } from './over-tenure.js';

/**
 * What depends on (x, T) only is computed once per distinct pair: in a million customers there are some ten thousand.
 * Coding the columns is kept apart, so that several scores of the same customers share it.
 */
export interface CodedHistories extends Histories {
  /** Codes of the rows by (x, T). */
  readonly pairs: Coded;
  /** Codes of the pairs with the same x, for each distinct x. */
  readonly sameX: readonly Int32Array[];
}

/** @throws InvalidInput `lengths-differ`, `impossible-history` */
export const coded = (histories: Histories): CodedHistories => {
  checkHistories(histories);
  const { x, tx, T } = histories;
  const pairs = distinctPairs(distinct(x), distinct(T));
  const byX = distinct(Float64Array.from(pairs.first, (row) => x[row]!));
  return { x, tx, T, pairs, sameX: rowsByCode(byX) };
};

/** A figure of the model that depends on x and T only, for each distinct pair; look up by `pairs.index`. */
export const perPair = (
  { timeScale }: PurchaseModel,
  { x, T, pairs, sameX }: CodedHistories,
  figure: (x: number, T: number) => number,
): Float64Array => {
  const result = new Float64Array(pairs.size);
  for (const codes of sameX) {
    const purchases = x[pairs.first[codes[0]!]!]!;
    const times = Float64Array.from(codes, (code) => T[pairs.first[code]!]!);
    const figures = overTenure((time) => figure(purchases, time), times, timeScale);
    for (let i = 0; i < codes.length; i++) result[codes[i]!] = figures[i]!;
  }
  return result;
};

/**
 * E[Y(t) | x, tx, T]: expected purchases of each customer in (T, T + t].
 * @param t time >= 0 in the unit of the histories
 * @throws InvalidInput `lengths-differ`, `impossible-history`, `impossible-argument`
 */
export const expectedFuturePurchases = (
  model: PurchaseModel,
  histories: Histories,
  t: number,
): Float64Array => {
  requireWithin('t', t, 0);
  const rows = coded(histories);
  const ifAlive = perPair(model, rows, (x, T) => model.purchasesIfAlive(x, T, t));
  return model.probabilityAlive(rows).map((alive, i) => alive * ifAlive[rows.pairs.index[i]!]!);
};

/**
 * P(no purchase in (T, T + t] | x, tx, T) of each customer: gone already, or alive and not buying.
 * @param t time >= 0 in the unit of the histories
 * @returns one number in [0, 1] per row
 * @throws InvalidInput `lengths-differ`, `impossible-history`, `impossible-argument`
 */
export const probabilityOfNoPurchase = (
  model: PurchaseModel,
  histories: Histories,
  t: number,
): Float64Array => {
  requireWithin('t', t, 0);
  const rows = coded(histories);
  const ifAlive = perPair(model, rows, (x, T) => 1 - model.noPurchaseIfAlive(x, T, t));
  return model
    .probabilityAlive(rows)
    .map((alive, i) => Math.max(0, 1 - alive * ifAlive[rows.pairs.index[i]!]!));
};
