import type { Histories } from './histories.js';
import type { Convergence } from './minimise.js';

export type PurchaseModelName = 'bg-nbd' | 'mbg-nbd' | 'pareto-nbd';

/**
 * A purchase model with its parameters. Times are in the unit of the histories it was fitted on. 'If alive' means:
 * given that the customer has not dropped out by the end of the observation, T.
 * Ranges for which every figure is finite and in its bounds: parameters from 1e-6 to 1e7, x up to 1e6, times up to 1e6.
 */
export interface PurchaseModel {
  readonly name: PurchaseModelName;
  /** All figures are smooth functions of T for T > −timeScale. */
  readonly timeScale: number;
  /** E[X(t)]: expected repeat purchases of a customer of whom nothing is known, in (0, t] after the first. */
  expectedPurchases(t: number): number;
  /** P(alive at T | x, tx, T), one per row. */
  probabilityAlive(histories: Histories): Float64Array;
  /** Expected purchases in (T, T + t], if alive. */
  purchasesIfAlive(x: number, T: number, t: number): number;
  /** Probability of no purchase in (T, T + t], if alive. */
  noPurchaseIfAlive(x: number, T: number, t: number): number;
  /**
   * Probabilities of 0, 1, 2, ... purchases in (T, T + t], if alive; cut where less than 1e-9 is left, or at
   * `most` counts, the last of which then stands for 'so many or more'.
   */
  countsIfAlive(x: number, T: number, t: number, most: number): Float64Array;
}

/** A maximum-likelihood fit. `names` gives the order of the parameters in `logCovariance`. */
export interface Fit<Model extends string, Name extends string> {
  readonly model: Model;
  readonly names: readonly Name[];
  readonly parameters: Readonly<Record<Name, number>>;
  /**
   * From the observed information; null where the data do not identify all parameters: where they show no variation
   * of a kind, its parameters grow or shrink together until it makes no difference. Predictions hold all the same.
   */
  readonly standardErrors: Readonly<Record<Name, number>> | null;
  /** Covariance of the estimates of the logarithms of the parameters; null as above. */
  readonly logCovariance: readonly (readonly number[])[] | null;
  readonly logLikelihood: number;
  /** Customers the likelihood is taken over. */
  readonly customers: number;
  readonly convergence: Convergence;
}
