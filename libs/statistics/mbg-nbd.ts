import type { BetaGeometricParameters } from './beta-geometric.js';
import { type BetaGeometricName, betaGeometricModel, fitBetaGeometric } from './beta-geometric-model.js';
import type { GroupedHistories } from './histories.js';
import type { Fit, PurchaseModel } from './model.js';

export type MbgNbdParameters = BetaGeometricParameters;
export type MbgNbdFit = Fit<'mbg-nbd', BetaGeometricName>;

/**
 * MBG/NBD with given parameters: BG/NBD in which customers may also drop out right after their first purchase, so
 * that P(alive) of those who never came back is below 1.
 * @param parameters each from 1e-6 to 1e7
 * @throws InvalidInput `impossible-parameter`
 * Source: Batislam, Denizel & Filiztekin, International Journal of Research in Marketing 24 (2007); the same model
 * is the CBG/NBD of Hoppe & Wagner, Marketing ZFP 29 (2007).
 */
export const mbgNbd = (parameters: MbgNbdParameters): PurchaseModel =>
  betaGeometricModel('mbg-nbd', 1, parameters);

/**
 * Fits MBG/NBD by maximum likelihood on grouped histories; as `fitBgNbd`.
 * @throws DegenerateData `no-customers`, `one-customer`, `all-on-one-day`, `no-repeat-purchases`, `no-variation`
 * @throws InvalidInput `lengths-differ`, `impossible-history`
 */
export const fitMbgNbd = (groups: GroupedHistories): MbgNbdFit => fitBetaGeometric('mbg-nbd', 1, groups);
