import { describe, expect, it } from '@jest/globals';
import {
  eachOnce,
  type Fit,
  fitBgNbd,
  fitGammaGamma,
  fitMbgNbd,
  fitParetoNbd,
  grouped,
  groupedHistories,
  randomFrom,
  simulateCustomers,
} from '#statistics/index';
import { exponential, gamma } from '#statistics/random';

const purchases = { r: 0.6, alpha: 5, a: 0.8, b: 3 };
const spend = { p: 5, q: 4, gamma: 20 };
const customers = simulateCustomers({
  purchases,
  spend,
  customers: 60_000,
  seed: 5,
  arrivals: 26,
  end: 78,
  holdOut: 39,
});

/** Each estimate within four of its standard errors of the truth. */
const expectRecovered = (fit: Fit<string, string>, truth: Readonly<Record<string, number>>) => {
  expect(fit.convergence.converged).toBe(true);
  for (const [name, value] of Object.entries(truth)) {
    const off = Math.abs(fit.parameters[name]! - value) / fit.standardErrors![name]!;
    expect({ name, off: off < 4 ? 'within' : off }).toEqual({ name, off: 'within' });
  }
};

describe('simulated customers', () => {
  it('give back the parameters of BG/NBD, through the sample that starts a fit of many', () => {
    expectRecovered(fitBgNbd(eachOnce(customers)), purchases);
  });
  it('give back the parameters of Gamma-Gamma', () => {
    expectRecovered(fitGammaGamma(customers), spend);
  });
  it('give the same fit in groups and one by one', () => {
    const all = simulateCustomers({
      purchases,
      spend,
      customers: 3_000,
      seed: 6,
      arrivals: 26,
      end: 78,
      day: 1 / 7,
    });
    const [one, other] = [fitBgNbd(grouped(all)), fitBgNbd(eachOnce(all))];
    expect(one.logLikelihood).toBeCloseTo(other.logLikelihood, 7);
    expect(one.parameters.alpha / other.parameters.alpha - 1).toBeCloseTo(0, 7);
  });
  it('are the same for the same seed', () => {
    const few = { purchases, spend, customers: 50, seed: 9, arrivals: 26, end: 78 };
    expect(simulateCustomers(few)).toEqual(simulateCustomers(few));
    expect(simulateCustomers({ ...few, seed: 10 })).not.toEqual(simulateCustomers(few));
  });
  it('buy as often as the model expects', () => {
    const mean = customers.x.reduce((sum, x) => sum + x, 0) / customers.x.length;
    expect(mean).toBeGreaterThan(1);
    expect(customers.holdOut.reduce((sum, y) => sum + y, 0)).toBeGreaterThan(0);
    expect(customers.tx.every((tx, i) => tx <= customers.T[i]!)).toBe(true);
  });
});

describe('fits to populations drawn otherwise', () => {
  it('give back the parameters of Pareto/NBD', () => {
    const truth = { r: 0.7, alpha: 6, s: 0.8, beta: 9 };
    const random = randomFrom(17);
    const rows = Array.from({ length: 5_000 }, () => {
      const rate = gamma(random, truth.r, truth.alpha);
      const life = exponential(random, gamma(random, truth.s, truth.beta));
      const T = 40 + 20 * random.uniform();
      let [x, tx] = [0, 0];
      for (let t = exponential(random, rate); t <= Math.min(T, life); t += exponential(random, rate)) {
        x++;
        tx = t;
      }
      return { x, tx, T, n: 1 };
    });
    expectRecovered(fitParetoNbd(groupedHistories(rows)), truth);
  });
  it('give back the parameters of MBG/NBD', () => {
    const random = randomFrom(23);
    const rows = Array.from({ length: 10_000 }, () => {
      const rate = gamma(random, purchases.r, purchases.alpha);
      const [u, v] = [gamma(random, purchases.a, 1), gamma(random, purchases.b, 1)];
      const T = 40 + 20 * random.uniform();
      let [x, tx] = [0, 0];
      for (let t = 0; random.uniform() >= u / (u + v); ) {
        t += exponential(random, rate);
        if (t > T) break;
        x++;
        tx = t;
      }
      return { x, tx, T, n: 1 };
    });
    expectRecovered(fitMbgNbd(groupedHistories(rows)), purchases);
  });
});
