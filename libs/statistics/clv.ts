import { requireWithin } from './errors.js';
import { expectedSpend, type GammaGammaParameters, type Spends } from './gamma-gamma.js';
import type { Histories } from './histories.js';
import type { PurchaseModel } from './model.js';
import { type CodedHistories, coded, perPair } from './purchase-scores.js';

/**
 * When value is counted and what later value is worth. 12 months at 1 % a month, on histories in weeks:
 * `{ steps: 12, stepLength: 4.345, discountPerStep: 0.01 }`. Part of a score: keep it with the score.
 */
export interface ClvSchedule {
  /** Number of steps of the horizon; a whole number from 1 to 600. */
  readonly steps: number;
  /**
   * Length of a step **in the unit of the histories**: a month is 4.345 weeks, 30.417 days, 1 month. (A well-known
   * tutorial steps 30 units for a month although its unit is the week.)
   */
  readonly stepLength: number;
  /** Discount rate per step, from 0 to 10; what is expected in step k counts (1 + rate)^−k. */
  readonly discountPerStep: number;
}

export type TimeUnit = 'day' | 'week' | 'month';

/** Length of a month in each unit of time: a year of 365 days has twelve. */
export const MONTH_LENGTH: Readonly<Record<TimeUnit, number>> = { day: 30.417, week: 4.345, month: 1 };

/** `months` monthly steps. */
export const monthlySchedule = (months: number, unit: TimeUnit, discountPerMonth: number): ClvSchedule => ({
  steps: months,
  stepLength: MONTH_LENGTH[unit],
  discountPerStep: discountPerMonth,
});

/** @throws InvalidInput `impossible-argument` */
export const checkSchedule = ({ steps, stepLength, discountPerStep }: ClvSchedule): void => {
  requireWithin('steps', Number.isInteger(steps) ? steps : Number.NaN, 1, 600);
  requireWithin('stepLength', stepLength, 1e-6, 1e6);
  requireWithin('discountPerStep', discountPerStep, 0, 10);
};

/** Discounted purchases of an alive customer, for each distinct (x, T) of the rows. */
export const discountedPurchasesIfAlive = (
  model: PurchaseModel,
  rows: CodedHistories,
  { steps, stepLength, discountPerStep }: ClvSchedule,
): Float64Array => {
  // Σ dᵏ (E(tₖ) − E(tₖ₋₁)) = Σ E(tₖ) (dᵏ − dᵏ⁺¹), where the last term is not reduced.
  const d = 1 / (1 + discountPerStep);
  const weights = Array.from({ length: steps }, (_, i) => d ** (i + 1) * (i + 1 < steps ? 1 - d : 1));
  return perPair(model, rows, (x, T) => {
    let sum = 0;
    for (let k = 1; k <= steps; k++) {
      if (weights[k - 1]! > 0) sum += weights[k - 1]! * model.purchasesIfAlive(x, T, k * stepLength);
    }
    return sum;
  });
};

/**
 * Discounted expected purchases of each customer over the horizon: purchases of a step count as made at its end.
 * @returns one number >= 0 per row
 * @throws InvalidInput `lengths-differ`, `impossible-history`, `impossible-argument`
 */
export const discountedPurchases = (
  model: PurchaseModel,
  histories: Histories,
  schedule: ClvSchedule,
): Float64Array => {
  checkSchedule(schedule);
  const rows = coded(histories);
  const ifAlive = discountedPurchasesIfAlive(model, rows, schedule);
  return model.probabilityAlive(rows).map((alive, i) => alive * ifAlive[rows.pairs.index[i]!]!);
};

/**
 * Customer lifetime value over the horizon: discounted expected purchases times expected spend per purchase. It is
 * revenue where spends are revenue, and margin where they are margins.
 * @param customers columns of one length; `meanSpend` in one currency
 * @returns one number >= 0 per row, in that currency
 * @throws InvalidInput `lengths-differ`, `impossible-history`, `impossible-argument`, `impossible-parameter`
 * @throws DegenerateData `mean-spend-does-not-exist`
 * Source: Fader, Hardie & Lee, RFM and CLV, Journal of Marketing Research 42 (2005), with a finite horizon.
 */
export const customerLifetimeValue = (
  model: PurchaseModel,
  spend: GammaGammaParameters,
  customers: Histories & Spends,
  schedule: ClvSchedule,
): Float64Array => {
  const spends = expectedSpend(spend, customers);
  return discountedPurchases(model, customers, schedule).map((purchases, i) => purchases * spends[i]!);
};
