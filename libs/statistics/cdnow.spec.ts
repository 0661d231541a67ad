import { describe, expect, it } from '@jest/globals';
import { bgNbd, fitBgNbd } from '#statistics/bg-nbd';
import { customerLifetimeValue, monthlySchedule } from '#statistics/clv';
import { expectedSpend, fitGammaGamma } from '#statistics/gamma-gamma';
import { grouped, histories } from '#statistics/histories';
import { fitMbgNbd } from '#statistics/mbg-nbd';
import { fitParetoNbd, paretoNbd } from '#statistics/pareto-nbd';
import { expectedFuturePurchases } from '#statistics/purchase-scores';
import { cdnowCustomers, cdnowPurchases } from '#test/support/cdnow';

/**
 * The published results on the CDNOW sample: Fader, Hardie & Lee (2005) for BG/NBD, Fader & Hardie (2005) for
 * Pareto/NBD, Fader & Hardie (2013) for Gamma-Gamma. The data are the transactions themselves; some published
 * figures are from a summary with times rounded to two decimals and mean spends rounded to cents.
 */
const customers = cdnowCustomers();
const groups = grouped(histories(customers));
const spends = {
  x: Float64Array.from(customers, ({ x }) => x),
  meanSpend: Float64Array.from(customers, ({ meanSpend }) => meanSpend),
};
const firstTen = (column: Float64Array) => [...column.subarray(0, 10)];

const expectParameters = (actual: Readonly<Record<string, number>>, published: Record<string, number>) => {
  expect(Object.keys(actual)).toEqual(Object.keys(published));
  for (const [name, value] of Object.entries(published))
    expect({ name, off: Math.abs(actual[name]! / value - 1) < 2e-5 }).toEqual({ name, off: true });
};

const expectEach = (actual: readonly number[], published: readonly number[], tolerance: number) => {
  expect(actual).toHaveLength(published.length);
  published.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance);
  });
};

describe('the CDNOW sample', () => {
  it('has the published size', () => {
    expect(customers).toHaveLength(2357);
    expect(customers.reduce((sum, { x }) => sum + x, 0)).toBe(2457);
    expect(customers.reduce((sum, { holdOut }) => sum + holdOut, 0)).toBe(1882);
    expect(customers.filter(({ x }) => x === 0)).toHaveLength(1411);
  });
  it('has the published cumulative repeat purchases', () => {
    const purchases = cdnowPurchases();
    const first = new Map<string, number>();
    for (const { customerId, day } of purchases)
      first.set(customerId, Math.min(day, first.get(customerId) ?? day));
    const until = (week: number) =>
      purchases.filter(({ customerId, day }) => day > first.get(customerId)! && day < week * 7).length;
    expect([20, 39, 78].map(until)).toEqual([1359, 2457, 4339]);
  });
  it('has the published repeat spends', () => {
    const means = spends.meanSpend.filter((_, i) => spends.x[i]! > 0).sort();
    const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
    const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (means.length - 1);
    expect(means).toHaveLength(946);
    expect(mean).toBeCloseTo(35.08, 2);
    expect(Math.sqrt(variance)).toBeCloseTo(30.28, 2);
    expect([means[0], means.at(-1)]).toEqual([2.99, 299.63].map((value) => expect.closeTo(value, 2)));
    expect((means[472]! + means[473]!) / 2).toBeCloseTo(27.5, 2);
  });
});

describe('BG/NBD on CDNOW', () => {
  const fit = fitBgNbd(groups);
  const model = bgNbd(fit.parameters);
  it('has the published estimates', () => {
    expectParameters(fit.parameters, { r: 0.24259, alpha: 4.4136, a: 0.79292, b: 2.42591 });
    expect(fit.logLikelihood).toBeCloseTo(-9582.429, 3);
    expect(fit.customers).toBe(2357);
    expect(fit.convergence.converged).toBe(true);
  });
  it('has the published standard errors', () => {
    const errors = Object.values(fit.standardErrors!);
    [0.012557, 0.378221, 0.185719, 0.705345].forEach((published, i) => {
      expect(Math.abs(errors[i]! / published - 1)).toBeLessThan(2e-4);
    });
  });
  it('expects the published purchases', () => {
    const customer = histories([{ x: 2, tx: 30.43, T: 38.86 }]);
    expect(expectedFuturePurchases(model, customer, 39)[0]).toBeCloseTo(1.226, 3);
    const times = [0.1429, 1, 3, 31.8571, 32, 78];
    // The last figure is from the rounded summary.
    expectEach(times.map(model.expectedPurchases), [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576], 5e-4);
  });
  it('gives everyone without a repeat purchase P(alive) = 1', () => {
    expect(
      model.probabilityAlive(groups).filter((alive, i) => groups.x[i] === 0 && alive !== 1),
    ).toHaveLength(0);
  });
  it('tracks cumulative repeat purchases within 2 %, and after twice the calibration time within 5 %', () => {
    // Of a customer first seen T weeks before week 39.
    const until = (week: number) =>
      groups.T.reduce((sum, T, i) => sum + groups.n[i]! * model.expectedPurchases(T + week - 39), 0);
    expect(Math.abs(until(39) / 2457 - 1)).toBeLessThan(0.02);
    expect(Math.abs(until(78) / 4339 - 1)).toBeLessThan(0.05);
  });
  it('gives the published customer lifetime values', () => {
    const spend = fitGammaGamma(spends).parameters;
    const schedule = monthlySchedule(12, 'week', 0.01);
    const values = customerLifetimeValue(model, spend, { ...histories(customers), ...spends }, schedule);
    const published = [36.274, 4.641, 8.345, 8.345, 8.345, 283.558, 6.882, 8.345, 43.359, 8.345];
    published.forEach((value, i) => {
      expect(Math.abs(values[i]! / value - 1)).toBeLessThan(1e-3);
    });
  });
});

describe('Pareto/NBD on CDNOW', () => {
  const fit = fitParetoNbd(groups);
  it('has the published estimates', () => {
    expectParameters(fit.parameters, { r: 0.55328, alpha: 10.5777, s: 0.60624, beta: 11.6687 });
    expect(fit.logLikelihood).toBeCloseTo(-9594.976, 3);
    expect(fit.convergence.converged).toBe(true);
  });
  it('gives the published P(alive) and expectation', () => {
    // The estimates from the summary with times rounded to two decimals, which these figures were computed with.
    const model = paretoNbd({ r: 0.5533971, alpha: 10.5801985, s: 0.6060625, beta: 11.6562237 });
    const rows = histories([
      { x: 26, tx: 30.86, T: 31 },
      { x: 0, tx: 0, T: 39 },
    ]);
    const alive = model.probabilityAlive(rows);
    expect(alive[0]).toBeCloseTo(0.9979, 4);
    expect(alive[1]).toBeCloseTo(0.2941633, 7);
    expect(expectedFuturePurchases(model, rows, 52)[0]).toBeCloseTo(25.46, 2);
  });
});

describe('MBG/NBD on CDNOW', () => {
  it('has the published estimates', () => {
    const fit = fitMbgNbd(groups);
    // These are from the rounded summary; on the exact times the likelihood is 0.003 lower.
    expectParameters(fit.parameters, { r: 0.52484, alpha: 6.18299, a: 0.89136, b: 1.614 });
    expect(Math.abs(fit.logLikelihood + 9582.133)).toBeLessThan(0.01);
    expect(fit.convergence.converged).toBe(true);
  });
});

describe('Gamma-Gamma on CDNOW', () => {
  const fit = fitGammaGamma(spends);
  it('has the published estimates', () => {
    expectParameters(fit.parameters, { p: 6.2496, q: 3.7442, gamma: 15.4435 });
    expect(fit.logLikelihood).toBeCloseTo(-4055.918, 3);
    expect(fit.customers).toBe(946);
    expect(fit.convergence.converged).toBe(true);
  });
  it('gives the published conditional expected spends', () => {
    const published = [24.6539, 18.91, 35.1704, 35.1704, 35.1704, 71.4647, 18.91, 35.1704, 27.2819, 35.1704];
    expectEach(firstTen(expectedSpend(fit.parameters, spends)), published, 1e-4);
  });
});
