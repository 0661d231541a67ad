import { describe, expect, it } from '@jest/globals';
import {
  bgNbd,
  discountedPurchases,
  expectedFuturePurchases,
  histories,
  monthlySchedule,
  probabilityOfNoPurchase,
  simulateCustomers,
} from '#statistics/index';

const model = bgNbd({ r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 });

describe('scores of many customers', () => {
  const many = simulateCustomers({
    purchases: { r: 0.6, alpha: 5, a: 0.8, b: 3 },
    spend: { p: 5, q: 4, gamma: 20 },
    customers: 20_000,
    seed: 3,
    arrivals: 100,
    end: 104,
    day: 1 / 7,
  });
  it('are those of each customer alone', () => {
    const expected = expectedFuturePurchases(model, many, 26);
    const none = probabilityOfNoPurchase(model, many, 26);
    for (let i = 0; i < many.x.length; i += 97) {
      const alone = histories([{ x: many.x[i]!, tx: many.tx[i]!, T: many.T[i]! }]);
      expect(expected[i]! / expectedFuturePurchases(model, alone, 26)[0]! - 1).toBeCloseTo(0, 9);
      expect(none[i]).toBeCloseTo(probabilityOfNoPurchase(model, alone, 26)[0]!, 10);
    }
  });
});

describe('discountedPurchases', () => {
  const row = histories([{ x: 3, tx: 20, T: 30 }]);
  it('counts what is expected in each step at its end', () => {
    const schedule = { steps: 3, stepLength: 4, discountPerStep: 0.1 };
    const until = [0, 4, 8, 12].map((t) => expectedFuturePurchases(model, row, t)[0]!);
    const byHand = [1, 2, 3].reduce((sum, k) => sum + (until[k]! - until[k - 1]!) / 1.1 ** k, 0);
    expect(discountedPurchases(model, row, schedule)[0]).toBeCloseTo(byHand, 12);
  });
  it('is what is expected over the horizon without discount', () => {
    const schedule = monthlySchedule(12, 'week', 0);
    const expected = expectedFuturePurchases(model, row, 12 * 4.345)[0]!;
    expect(discountedPurchases(model, row, schedule)[0]).toBeCloseTo(expected, 12);
  });
  it.each([
    { steps: 0, stepLength: 1, discountPerStep: 0 },
    { steps: 2.5, stepLength: 1, discountPerStep: 0 },
    { steps: 2, stepLength: 0, discountPerStep: 0 },
    { steps: 2, stepLength: 1, discountPerStep: -0.1 },
    { steps: 2, stepLength: 1, discountPerStep: Number.NaN },
  ])('refuses the schedule %j', (schedule) => {
    expect(() => discountedPurchases(model, row, schedule)).toThrow(
      expect.objectContaining({ code: 'impossible-argument' }),
    );
  });
});
