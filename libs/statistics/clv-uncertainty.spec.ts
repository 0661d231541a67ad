import { describe, expect, it } from '@jest/globals';
import {
  type BgNbdFit,
  clvUncertainty,
  customerLifetimeValue,
  fitGammaGamma,
  fitPurchaseModel,
  grouped,
  histories,
  monthlySchedule,
  purchaseModel,
} from '#statistics/index';
import { cholesky } from '#statistics/matrix';
import { normal, randomFrom } from '#statistics/random';
import { cdnowCustomers } from '#test/support/cdnow';

const all = cdnowCustomers();
const purchases = fitPurchaseModel('bg-nbd', grouped(histories(all))) as BgNbdFit;
const columns = (customers: typeof all) => ({
  ...histories(customers),
  meanSpend: Float64Array.from(customers, ({ meanSpend }) => meanSpend),
});
const spend = fitGammaGamma(columns(all));
const schedule = monthlySchedule(12, 'week', 0.01);

describe('clvUncertainty', () => {
  it('is the spread of values over parameters drawn from the distribution of the estimates', () => {
    const some = columns([all[0]!, all[1]!, all[5]!, all[8]!]);
    const { constant, linear, quadratic } = clvUncertainty(purchases, spend, some, schedule)!;
    const random = randomFrom(12);
    const drawn = (values: readonly number[], covariance: readonly (readonly number[])[]) => {
      const z = values.map(() => normal(random));
      return cholesky(covariance)!.map((row, i) =>
        Math.exp(Math.log(values[i]!) + row.reduce((sum, factor, j) => sum + factor * z[j]!, 0)),
      );
    };
    const draws = Array.from({ length: 4_000 }, () => {
      const [r, alpha, a, b] = drawn(Object.values(purchases.parameters), purchases.logCovariance!);
      const [p, q, gamma] = drawn(Object.values(spend.parameters), spend.logCovariance!);
      const model = purchaseModel('bg-nbd', { r: r!, alpha: alpha!, a: a!, b: b! });
      return customerLifetimeValue(model, { p: p!, q: q!, gamma: gamma! }, some, schedule).map(Math.log);
    });
    some.x.forEach((x, i) => {
      const mean = draws.reduce((sum, draw) => sum + draw[i]!, 0) / draws.length;
      const variance = draws.reduce((sum, draw) => sum + (draw[i]! - mean) ** 2, 0) / draws.length;
      const w = spend.parameters.gamma / (spend.parameters.gamma + x * some.meanSpend[i]!);
      const stated = constant[i]! + linear[i]! * w + quadratic * w * w;
      expect(Math.sqrt(stated / variance)).toBeGreaterThan(0.9);
      expect(Math.sqrt(stated / variance)).toBeLessThan(1.1);
    });
  });
  it('is not known where the covariance is not', () => {
    const rows = columns(all.slice(0, 3));
    expect(clvUncertainty({ ...purchases, logCovariance: null }, spend, rows, schedule)).toBeNull();
    expect(clvUncertainty(purchases, { ...spend, logCovariance: null }, rows, schedule)).toBeNull();
  });
});
