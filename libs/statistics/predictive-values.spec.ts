import { describe, expect, it } from '@jest/globals';
import betainc from '@stdlib/math-base-special-betainc';
import {
  bgNbd,
  discountedPurchases,
  histories,
  type PurchaseModel,
  paretoNbd,
  predictiveMultiples,
} from '#statistics/index';

const spend = { p: 6.25, q: 3.74, gamma: 15.44 };

/** P(total / (γ + x m) <= value), term by term with the incomplete beta function. */
const exact = (model: PurchaseModel, x: number, tx: number, T: number, t: number, value: number): number => {
  const alive = model.probabilityAlive(histories([{ x, tx, T }]))[0]!;
  const z = value / (1 + value);
  const below = model
    .countsIfAlive(x, T, t, 3000)
    .reduce(
      (sum, share, n) =>
        sum + share * (n === 0 ? 1 : betainc(z, spend.p * n, spend.p * x + spend.q, true, false)),
      0,
    );
  return 1 - alive + alive * below;
};

const schedule = { steps: 12, stepLength: 4.345, discountPerStep: 0 };
const models = [
  bgNbd({ r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 }),
  paretoNbd({ r: 0.553, alpha: 10.58, s: 0.606, beta: 11.67 }),
];
const customers = histories([
  { x: 0, tx: 0, T: 2 },
  { x: 0, tx: 0, T: 39 },
  { x: 1, tx: 30, T: 39 },
  { x: 6, tx: 38, T: 39 },
  { x: 29, tx: 37, T: 38 },
  { x: 120, tx: 100, T: 104 },
]);

describe('the predictive interval', () => {
  it('is discounted by the mean factor of the purchases', () => {
    const [model] = models as [PurchaseModel];
    const row = histories([{ x: 6, tx: 38, T: 39 }]);
    const plain = predictiveMultiples(model, spend, row, schedule, 0.8);
    const later = { ...schedule, discountPerStep: 0.05 };
    const discounted = predictiveMultiples(model, spend, row, later, 0.8);
    const factor = discountedPurchases(model, row, later)[0]! / discountedPurchases(model, row, schedule)[0]!;
    expect(discounted.high[0]! / plain.high[0]!).toBeCloseTo(factor, 10);
  });
  it.each(models)('has the stated probability below and above it ($name)', (model) => {
    for (const level of [0.5, 0.8, 0.95]) {
      const { low, high } = predictiveMultiples(model, spend, customers, schedule, level);
      customers.x.forEach((x, i) => {
        const probabilityAt = (value: number) =>
          exact(model, x, customers.tx[i]!, customers.T[i]!, 12 * 4.345, value);
        for (const [bound, quantile] of [
          [low[i]!, (1 - level) / 2],
          [high[i]!, (1 + level) / 2],
        ] as const) {
          if (bound === 0) expect(probabilityAt(0)).toBeGreaterThanOrEqual(quantile);
          else {
            expect(probabilityAt(bound * 0.995)).toBeLessThan(quantile);
            expect(probabilityAt(bound * 1.005)).toBeGreaterThan(quantile);
          }
        }
      });
    }
  });
});
