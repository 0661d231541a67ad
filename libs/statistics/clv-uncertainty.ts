import { type ClvSchedule, checkSchedule, discountedPurchasesIfAlive } from './clv.js';
import type { GammaGammaFit } from './gamma-gamma.js';
import type { Histories } from './histories.js';
import { cholesky } from './matrix.js';
import { type PurchaseFit, purchaseModel } from './purchase-model.js';
import { type CodedHistories, coded } from './purchase-scores.js';

/**
 * How uncertain the expected value of a customer is because the parameters are estimates:
 *   variance of ln CLV = constant + linear · w + quadratic · w²,  w = γ / (γ + x · mean spend)
 * so that what a single customer's spend adds can be computed elsewhere. The **parameter interval** of a CLV is
 * CLV · exp(± z · √variance). It says how well the mean of such customers is known, and shrinks with more data; what
 * one customer will spend is the predictive interval, which does not.
 */
export interface ClvUncertainty {
  readonly constant: Float64Array;
  readonly linear: Float64Array;
  readonly quadratic: number;
}

/** Step, in standard deviations of the parameters, of the differences along each axis of their covariance. */
const STEP = 1e-3;

/**
 * The uncertainty of each row, by the delta method on logarithms; estimates of the two models are taken as independent,
 * since they are fitted to different figures.
 * @returns null when the covariance of either fit is not known
 * @throws InvalidInput `lengths-differ`, `impossible-history`, `impossible-argument`
 */
export const clvUncertainty = (
  purchases: PurchaseFit,
  spend: GammaGammaFit,
  histories: Histories,
  schedule: ClvSchedule,
): ClvUncertainty | null => {
  checkSchedule(schedule);
  if (!purchases.logCovariance || !spend.logCovariance) return null;
  const axes = cholesky(purchases.logCovariance);
  if (!axes) return null;
  const rows = coded(histories);
  const constant = new Float64Array(rows.x.length);
  const linear = new Float64Array(rows.x.length);
  const at = lnPurchases(purchases, rows, schedule, () => 0);
  for (let axis = 0; axis < axes.length; axis++) {
    const beside = lnPurchases(purchases, rows, schedule, (i) => STEP * (axes[i]![axis] ?? 0));
    for (let i = 0; i < constant.length; i++) constant[i]! += ((beside[i]! - at[i]!) / STEP) ** 2;
  }
  const { p, q } = spend.parameters;
  const [[pp, pq, pg], [, qq, qg], [, , gg]] = spend.logCovariance as unknown as [
    [number, number, number],
    [number, number, number],
    [number, number, number],
  ];
  for (let i = 0; i < constant.length; i++) {
    // Derivatives of ln E(M) = ln p + ln(γ + x m) − ln(p x + q − 1) by ln p and ln q; by ln γ it is w.
    const below = p * rows.x[i]! + q - 1;
    const byP = (q - 1) / below;
    const byQ = -q / below;
    constant[i]! += byP * byP * pp + 2 * byP * byQ * pq + byQ * byQ * qq;
    linear[i] = 2 * (byP * pg + byQ * qg);
  }
  return { constant, linear, quadratic: gg };
};

/** Logarithms of the discounted purchases of each row, with the logarithms of the parameters moved. */
const lnPurchases = (
  { model: name, names, parameters }: PurchaseFit,
  rows: CodedHistories,
  schedule: ClvSchedule,
  move: (parameter: number) => number,
): Float64Array => {
  const values: Readonly<Record<string, number>> = parameters;
  const model = purchaseModel(
    name,
    Object.fromEntries(names.map((parameter, i) => [parameter, values[parameter]! * Math.exp(move(i))])),
  );
  const lnIfAlive = discountedPurchasesIfAlive(model, rows, schedule).map(Math.log);
  const { index } = rows.pairs;
  return model.probabilityAlive(rows).map((alive, i) => Math.log(alive) + lnIfAlive[index[i]!]!);
};
