import type { BetaGeometricParameters } from './beta-geometric.js';
import { checkParameters, requireWithin } from './errors.js';
import type { GammaGammaParameters, Spends } from './gamma-gamma.js';
import type { Histories } from './histories.js';
import { beta, exponential, gamma, type Random, randomFrom } from './random.js';

/** A customer as nobody can see one: the rates behind the purchases. */
export interface Propensities {
  /** Repeat purchases per unit of time while alive. */
  readonly purchaseRate: number;
  /** Probability of dropping out after each repeat purchase. */
  readonly dropoutProbability: number;
  /** Mean value of a purchase. */
  readonly meanSpend: number;
}

export interface SimulatedPopulation {
  readonly purchases: BetaGeometricParameters;
  readonly spend: GammaGammaParameters;
}

/**
 * Draws one customer of a BG/NBD and Gamma-Gamma population.
 * @throws InvalidInput `impossible-parameter`
 */
export const drawPropensities = (
  random: Random,
  { purchases, spend }: SimulatedPopulation,
): Propensities => ({
  purchaseRate: gamma(random, purchases.r, purchases.alpha),
  dropoutProbability: beta(random, purchases.a, purchases.b),
  meanSpend: spend.p / gamma(random, spend.q, spend.gamma),
});

/** The times of a customer's repeat purchases in (0, end], the first purchase being at 0; ascending. */
export const drawPurchaseTimes = (
  random: Random,
  { purchaseRate, dropoutProbability }: Propensities,
  end: number,
): number[] => {
  const times: number[] = [];
  for (let t = exponential(random, purchaseRate); t <= end; t += exponential(random, purchaseRate)) {
    times.push(t);
    if (random.uniform() < dropoutProbability) break;
  }
  return times;
};

/** The value of one purchase, gamma distributed around the customer's mean with shape p. */
export const drawSpend = (random: Random, { meanSpend }: Propensities, p: number): number =>
  gamma(random, p, p / meanSpend);

export interface SimulationOptions extends SimulatedPopulation {
  /** Number of customers, from 1. */
  readonly customers: number;
  readonly seed: number;
  /** First purchases are spread evenly over (0, arrivals]. In the unit of time of α. */
  readonly arrivals: number;
  /** End of observation, >= arrivals. */
  readonly end: number;
  /** Hold-out beyond the end; default none. */
  readonly holdOut?: number;
  /**
   * Length of a day: times are cut down to whole days and purchases of one day are one, as in real data.
   * Default: times as they are drawn, which is what the models assume.
   */
  readonly day?: number;
}

export interface SimulatedCustomers extends Histories, Spends {
  /** Repeat purchases in (end, end + holdOut]. */
  readonly holdOut: Float64Array;
}

/**
 * Simulates the histories of a population under BG/NBD with Gamma-Gamma spends, as columns: what the models assume,
 * with known parameters, for tests, benchmarks and demonstrations.
 * @throws InvalidInput `impossible-parameter`, `impossible-argument`
 * Source: the assumptions of Fader, Hardie & Lee (2005), section 2, and of Fader & Hardie (2013).
 */
export const simulateCustomers = (options: SimulationOptions): SimulatedCustomers => {
  const { customers, seed, arrivals, end, holdOut = 0, day = 0, purchases, spend } = options;
  checkParameters(purchases, ['r', 'alpha', 'a', 'b']);
  checkParameters(spend, ['p', 'q', 'gamma']);
  requireWithin('customers', customers, 1, 1e8);
  requireWithin('arrivals', arrivals, 0, end);
  requireWithin('holdOut', holdOut, 0);
  requireWithin('day', day, 0);
  const random = randomFrom(seed);
  const toDay = (time: number) => (day > 0 ? Math.floor(time / day) * day : time);
  const column = () => new Float64Array(customers);
  const result = { x: column(), tx: column(), T: column(), meanSpend: column(), holdOut: column() };
  for (let i = 0; i < customers; i++) {
    const customer = drawPropensities(random, options);
    const born = random.uniform() * arrivals;
    const firstDay = toDay(born);
    let last = firstDay;
    let spent = 0;
    for (const time of drawPurchaseTimes(random, customer, end + holdOut - born)) {
      const at = toDay(born + time);
      const sameDay = day > 0 && at === last;
      if (born + time > end) {
        result.holdOut[i]! += sameDay ? 0 : 1;
      } else if (at > firstDay) {
        result.x[i]! += sameDay ? 0 : 1;
        result.tx[i] = at - firstDay;
        spent += drawSpend(random, customer, spend.p);
      }
      last = at;
    }
    result.T[i] = toDay(end) - firstDay;
    result.meanSpend[i] = result.x[i]! > 0 ? spent / result.x[i]! : 0;
  }
  return result;
};
