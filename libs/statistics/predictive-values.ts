import { type ClvSchedule, checkSchedule, discountedPurchasesIfAlive } from './clv.js';
import { rowsByCode } from './distinct.js';
import { checkParameters, requireWithin } from './errors.js';
import type { GammaGammaParameters } from './gamma-gamma.js';
import type { Histories } from './histories.js';
import type { PurchaseModel } from './model.js';
import { coded, perPair } from './purchase-scores.js';
import { TotalSpends } from './total-spends.js';

/**
 * The **predictive interval** of what a customer will really spend over the horizon, discounted: its bounds are
 * `low · (γ + x · mean spend)` and `high · (γ + x · mean spend)`, so that a customer's own spend can be put in
 * elsewhere. The lower bound is 0 for most customers, because they are more likely than not to buy nothing. The
 * parameters are taken as known; how well they are is the parameter interval.
 */
export interface PredictiveMultiples {
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/**
 * Bounds of the predictive interval of each row, between the quantiles (1 − level) / 2 and (1 + level) / 2.
 *
 * Given n purchases, the total over (γ + x m) has the beta-prime distribution (p n, p x + q); n has the model's
 * distribution. The mixture is integrated on a grid in the logarithm of the total, one grid for each x, so that a
 * million customers take under a second; bounds are exact to better than 1 %. Each purchase is discounted by the
 * mean factor of the customer's purchases.
 * @param level in (0, 1)
 * @throws InvalidInput `lengths-differ`, `impossible-history`, `impossible-argument`, `impossible-parameter`
 */
export const predictiveMultiples = (
  model: PurchaseModel,
  spend: GammaGammaParameters,
  histories: Histories,
  schedule: ClvSchedule,
  level: number,
): PredictiveMultiples => {
  checkSchedule(schedule);
  requireWithin('level', level, 1e-6, 1 - 1e-6);
  checkParameters(spend, ['p', 'q', 'gamma']);
  const rows = coded(histories);
  const horizon = schedule.steps * schedule.stepLength;
  const discounted = discountedPurchasesIfAlive(model, rows, schedule);
  const expected = perPair(model, rows, (x, T) => model.purchasesIfAlive(x, T, horizon));
  const alive = model.probabilityAlive(rows);
  const rowsOfPair = rowsByCode(rows.pairs);
  const low = new Float64Array(alive.length);
  const high = new Float64Array(alive.length);
  for (const pairs of rows.sameX) {
    const x = rows.x[rows.pairs.first[pairs[0]!]!]!;
    const counts = Array.from(pairs, (pair) =>
      model.countsIfAlive(x, rows.T[rows.pairs.first[pair]!]!, horizon, MOST_PURCHASES),
    );
    const most = counts.reduce((longest, { length }) => Math.max(longest, length - 1), 1);
    const totals = new TotalSpends(spend.p, spend.p * x + spend.q, most);
    for (let i = 0; i < pairs.length; i++) {
      const pair = pairs[i]!;
      const quantile = totals.quantiles(counts[i]!);
      const discount = expected[pair]! > 0 ? discounted[pair]! / expected[pair]! : 1;
      for (const row of rowsOfPair[pair]!) {
        // Those who are gone spend nothing: what is left of the level falls to the others.
        low[row] = discount * quantile(1 - (1 + level) / (2 * alive[row]!));
        high[row] = discount * quantile(1 - (1 - level) / (2 * alive[row]!));
      }
    }
  }
  return { low, high };
};

/** Purchases beyond this are counted as so many. */
const MOST_PURCHASES = 1_000;
