import { type Coded, distinct, distinctPairs } from './distinct.js';
import { requireWithin } from './errors.js';
import { checkHistories, type Histories } from './histories.js';
import type { PurchaseModel } from './model.js';

/**
 * What depends on (x, T) only is computed once per distinct pair: in a million customers there are some ten thousand.
 * Coding the columns is kept apart, so that several scores of the same customers share it.
 */
export interface CodedHistories extends Histories {
  readonly pairs: Coded;
}

/** @throws InvalidInput `lengths-differ`, `impossible-history` */
export const coded = (histories: Histories): CodedHistories => {
  checkHistories(histories);
  return { ...histories, pairs: distinctPairs(distinct(histories.x), distinct(histories.T)) };
};

/** A function of (x, T), for each distinct pair; look up by `pairs.index`. */
export const perPair = (
  { x, T, pairs }: CodedHistories,
  score: (x: number, T: number) => number,
): Float64Array => Float64Array.from(pairs.first, (row) => score(x[row]!, T[row]!));

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
  const ifAlive = perPair(rows, (x, T) => model.purchasesIfAlive(x, T, t));
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
  const ifAlive = perPair(rows, (x, T) => 1 - model.noPurchaseIfAlive(x, T, t));
  return model.probabilityAlive(rows).map((alive, i) => 1 - alive * ifAlive[rows.pairs.index[i]!]!);
};
