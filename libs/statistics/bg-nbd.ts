import type { BetaGeometricParameters } from './beta-geometric.js';
import { type BetaGeometricName, betaGeometricModel, fitBetaGeometric } from './beta-geometric-model.js';
import type { GroupedHistories } from './histories.js';
import type { Fit, PurchaseModel } from './model.js';

/** r, α: purchase rates are gamma distributed; a, b: dropout probabilities are beta distributed. */
export type BgNbdParameters = BetaGeometricParameters;
export type BgNbdFit = Fit<'bg-nbd', BetaGeometricName>;

/**
 * BG/NBD with given parameters. Customers buy at a constant rate of their own (gamma: r, α per unit of time) until
 * they drop out, which they may do after each repeat purchase, with a probability of their own (beta: a, b).
 * P(alive) of a customer without a repeat purchase is 1 by construction: it is not a churn risk.
 * @param parameters each from 1e-6 to 1e7
 * @throws InvalidInput `impossible-parameter`
 * Source: Fader, Hardie & Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005): P(alive) from
 * equation (7) as in their note of 2008, expectations equations (9) and (10).
 */
export const bgNbd = (parameters: BgNbdParameters): PurchaseModel =>
  betaGeometricModel('bg-nbd', 0, parameters);

/**
 * Fits BG/NBD by maximum likelihood on grouped histories; equal histories may be in one row or in several.
 * @param groups times in any unit; α comes in the same unit
 * @returns parameters, standard errors, log-likelihood and how the search ended
 * @throws DegenerateData `no-customers`, `one-customer`, `all-on-one-day`, `no-repeat-purchases`, `no-variation`
 * @throws InvalidInput `lengths-differ`, `impossible-history`
 * Source: Fader, Hardie & Lee (2005), equation (6).
 */
export const fitBgNbd = (groups: GroupedHistories): BgNbdFit => fitBetaGeometric('bg-nbd', 0, groups);
