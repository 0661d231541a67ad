import type { BetaGeometricParameters, DropoutAtFirstPurchase } from './beta-geometric.js';
import { betaGeometricLogLikelihood } from './beta-geometric.js';
import { checkParameters } from './errors.js';
import {
  checkFittable,
  customersIn,
  type GroupedHistories,
  type Histories,
  systematicSample,
} from './histories.js';
import { maximumLikelihood } from './maximum-likelihood.js';
import type { Fit, PurchaseModel, PurchaseModelName } from './model.js';
import { countsUntilDropout, purchasesUntilDropout } from './purchases-until-dropout.js';

export type BetaGeometricName = 'r' | 'alpha' | 'a' | 'b';

const NAMES: readonly BetaGeometricName[] = ['r', 'alpha', 'a', 'b'];

/** What BG/NBD (k = 0) and MBG/NBD (k = 1) predict. */
export const betaGeometricModel = (
  name: PurchaseModelName,
  k: DropoutAtFirstPurchase,
  parameters: BetaGeometricParameters,
): PurchaseModel => {
  const { r, alpha, a, b } = checkParameters(parameters, NAMES);
  const alive = (x: number, T: number) => ({ shape: r + x, rate: alpha + T, a, b: b + k + x });
  return {
    name,
    timeScale: alpha,
    expectedPurchases: (t) =>
      purchasesUntilDropout({ shape: r, rate: alpha, a, b: b + k }, t) * (k === 0 ? 1 : b / (a + b)),
    probabilityAlive: ({ x, tx, T }: Histories) => {
      const result = new Float64Array(x.length);
      for (let i = 0; i < result.length; i++) {
        const trials = x[i]! + k;
        const silence = Math.log1p((T[i]! - tx[i]!) / (alpha + tx[i]!));
        result[i] = trials === 0 ? 1 : 1 / (1 + (a / (b + trials - 1)) * Math.exp((r + x[i]!) * silence));
      }
      return result;
    },
    purchasesIfAlive: (x, T, t) => purchasesUntilDropout(alive(x, T), t),
    noPurchaseIfAlive: (x, T, t) => Math.exp(-(r + x) * Math.log1p(t / (alpha + T))),
    countsIfAlive: (x, T, t, most) => countsUntilDropout(alive(x, T), t, most),
  };
};

/** Customers in the sample from which a fit of many starts. */
const SAMPLE = 20_000;

export const fitBetaGeometric = <Model extends PurchaseModelName>(
  model: Model,
  k: DropoutAtFirstPurchase,
  groups: GroupedHistories,
): Fit<Model, BetaGeometricName> => {
  checkFittable(groups);
  const likelihood = (of: GroupedHistories) => ({
    logLikelihood: betaGeometricLogLikelihood(of, k),
    customers: customersIn(of),
  });
  const whole = likelihood(groups);
  const sample =
    groups.n.length > 2 * SAMPLE ? likelihood(systematicSample(groups, whole.customers, SAMPLE)) : undefined;
  return maximumLikelihood({ model, names: NAMES, start: startingPoint(groups), ...whole, sample });
};

/** A heterogeneous population that buys at the mean rate seen, and drops out after a few purchases. */
const startingPoint = ({ x, T, n }: GroupedHistories): number[] => {
  let purchases = 0;
  let time = 0;
  for (let i = 0; i < n.length; i++) {
    purchases += n[i]! * x[i]!;
    time += n[i]! * T[i]!;
  }
  const r = 0.5;
  return [r, (r * time) / (2 * purchases), 1, 2.5];
};
