import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  bgNbd,
  expectedFuturePurchases,
  histories,
  InvalidInput,
  mbgNbd,
  type PurchaseModel,
  paretoNbd,
  probabilityOfNoPurchase,
  purchaseModel,
} from '#statistics/index';

const between = (low: number, high: number) =>
  fc.double({ min: Math.log(low), max: Math.log(high), noNaN: true }).map(Math.exp);
const parameter = between(1.001e-6, 0.999e7);
const four = fc.tuple(parameter, parameter, parameter, parameter);
const anyModel: fc.Arbitrary<PurchaseModel> = fc.oneof(
  four.map(([r, alpha, a, b]) => bgNbd({ r, alpha, a, b })),
  four.map(([r, alpha, a, b]) => mbgNbd({ r, alpha, a, b })),
  four.map(([r, alpha, s, beta]) => paretoNbd({ r, alpha, s, beta })),
);
const time = fc.oneof(fc.constant(0), between(1e-6, 1e6));
const history = fc
  .tuple(
    fc.oneof(fc.constant(0), fc.nat(20), fc.nat(1_000_000)),
    fc.double({ min: 0, max: 1, noNaN: true }),
    time,
  )
  .map(([x, share, T]) => ({ x, tx: x > 0 ? share * T : 0, T }));
const SEED = 42;

describe('every purchase model', () => {
  it('gives finite figures within their bounds, for extreme parameters, histories and times', () => {
    const property = fc.property(anyModel, history, time, (model, row, t) => {
      const rows = histories([row]);
      const alive = model.probabilityAlive(rows)[0]!;
      const noPurchase = probabilityOfNoPurchase(model, rows, t)[0]!;
      expect(alive).toBeGreaterThanOrEqual(0);
      expect(alive).toBeLessThanOrEqual(1);
      expect(noPurchase).toBeGreaterThanOrEqual(0);
      expect(noPurchase).toBeLessThanOrEqual(1);
      for (const expected of [
        model.purchasesIfAlive(row.x, row.T, t),
        model.expectedPurchases(t),
        expectedFuturePurchases(model, rows, t)[0]!,
      ]) {
        expect(Number.isFinite(expected)).toBe(true);
        expect(expected).toBeGreaterThanOrEqual(0);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: 2_000 });
  });
  it('expects more in more time, and no purchase less often', () => {
    const property = fc.property(anyModel, history, time, time, (model, { x, T }, s, t) => {
      const [short, long] = [Math.min(s, t), Math.max(s, t)];
      const tolerance = 1 + 1e-9;
      expect(model.purchasesIfAlive(x, T, short)).toBeLessThanOrEqual(
        model.purchasesIfAlive(x, T, long) * tolerance,
      );
      expect(model.expectedPurchases(short)).toBeLessThanOrEqual(model.expectedPurchases(long) * tolerance);
      expect(model.noPurchaseIfAlive(x, T, long)).toBeLessThanOrEqual(
        model.noPurchaseIfAlive(x, T, short) + 1e-9,
      );
    });
    fc.assert(property, { seed: SEED, numRuns: 500 });
  });
  it('thinks a customer less alive the longer the silence', () => {
    const property = fc.property(
      anyModel,
      history,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (model, row, share) => {
        fc.pre(row.x > 0);
        const later = { ...row, tx: row.tx + share * (row.T - row.tx) };
        const [early, late] = model.probabilityAlive(histories([row, later]));
        expect(early).toBeLessThanOrEqual(late! + 1e-9);
      },
    );
    fc.assert(property, { seed: SEED, numRuns: 500 });
  });
  it('agrees with itself: counts, their mean, and no purchase', () => {
    const usual = between(0.05, 20);
    const model = fc.tuple(
      fc.constantFrom('bg-nbd', 'mbg-nbd', 'pareto-nbd' as const),
      usual,
      usual,
      usual,
      usual,
    );
    const row = fc.tuple(fc.nat(30), between(0.5, 200), between(0.5, 50));
    const property = fc.property(model, row, ([name, r, alpha, third, fourth], [x, T, t]) => {
      const it = purchaseModel(name, { r, alpha, a: third, b: fourth, s: third, beta: fourth });
      const counts = it.countsIfAlive(x, T, t, 100_000);
      const sum = counts.reduce((total, value) => total + value, 0);
      const mean = counts.reduce((total, value, n) => total + n * value, 0);
      expect(sum).toBeCloseTo(1, 8);
      expect(counts[0]).toBeCloseTo(it.noPurchaseIfAlive(x, T, t), 6);
      expect(mean / it.purchasesIfAlive(x, T, t) - 1).toBeCloseTo(0, 4);
    });
    fc.assert(property, { seed: SEED, numRuns: 300 });
  });
  it.each([0, -1, Number.NaN, 1e8])('refuses the parameter %d', (r) => {
    expect(() => bgNbd({ r, alpha: 1, a: 1, b: 1 })).toThrow(InvalidInput);
  });
  it.each([
    { x: -1, tx: 0, T: 1 },
    { x: 1.5, tx: 0, T: 1 },
    { x: 1, tx: 2, T: 1 },
    { x: 0, tx: 1, T: 2 },
    { x: 1, tx: 0, T: Number.POSITIVE_INFINITY },
    { x: 1, tx: Number.NaN, T: 3 },
  ])('refuses the history %j', (row) => {
    const model = bgNbd({ r: 1, alpha: 1, a: 1, b: 1 });
    expect(() => probabilityOfNoPurchase(model, histories([row]), 1)).toThrow(
      expect.objectContaining({ code: 'impossible-history' }),
    );
  });
});

describe('Pareto/NBD', () => {
  /** r, α, s, β, x, tx, T, t; then P(alive), P(no purchase | alive), E(purchases | alive), in 50 digits (mpmath). */
  it.each([
    [0.553, 10.578, 0.606, 11.669, 2, 30.43, 38.86, 39, 0.869167559153, 0.3189606881205, 1.674157276044],
    [0.553, 10.578, 0.606, 11.669, 0, 0, 39, 52, 0.2944670310146, 0.7297551074449, 0.4601749891455],
    [5, 1, 0.2, 100, 40, 3, 30, 10, 5.186472137781e-37, 0.00108017195128, 14.40776370353],
    [0.1, 200, 3, 0.5, 1, 0.5, 90, 300, 9.014120729142e-7, 0.8794123466224, 0.1624192592528],
  ])(
    'r %d, α %d, s %d, β %d; x %d, tx %d, T %d; t %d',
    (r, alpha, s, beta, x, tx, T, t, alive, none, mean) => {
      const model = paretoNbd({ r, alpha, s, beta });
      expect(model.probabilityAlive(histories([{ x, tx, T }]))[0]! / alive - 1).toBeCloseTo(0, 9);
      expect(model.noPurchaseIfAlive(x, T, t)).toBeCloseTo(none, 11);
      expect(model.purchasesIfAlive(x, T, t) / mean - 1).toBeCloseTo(0, 11);
    },
  );
  it('has no seam at s = 1', () => {
    const expected = [1 - 1e-9, 1, 1 + 1e-9].map((s) =>
      paretoNbd({ r: 2, alpha: 3, s, beta: 4 }).expectedPurchases(50),
    );
    expect(expected[0]! / expected[1]! - 1).toBeCloseTo(0, 8);
    expect(expected[2]! / expected[1]! - 1).toBeCloseTo(0, 8);
  });
});
