import { describe, expect, it } from '@jest/globals';
import { exactProportionTest, permutationTest } from '#statistics/permutation';

/** All ways to choose `k` of 0 .. n − 1. */
function* subsets(n: number, k: number, from = 0): Generator<number[]> {
  if (k === 0) yield [];
  else for (let i = from; i <= n - k; i++) for (const rest of subsets(n, k - 1, i + 1)) yield [i, ...rest];
}

describe('permutationTest', () => {
  it('comes near the share of all permutations, counted one by one', () => {
    const treated = [12, 0, 0, 7.5, 30, 0, 4];
    const control = [0, 0, 3, 0, 0];
    const all = [...treated, ...control];
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const observed = Math.abs(mean(treated) - mean(control));
    let [exceeding, total] = [0, 0];
    for (const chosen of subsets(all.length, treated.length)) {
      const others = all.filter((_, i) => !chosen.includes(i));
      total++;
      if (Math.abs(mean(chosen.map((i) => all[i]!)) - mean(others)) >= observed - 1e-9) exceeding++;
    }
    const sparse = (values: readonly number[]) => ({
      n: values.length,
      values: Float64Array.from(values.filter((value) => value !== 0)),
    });
    const { pValue } = permutationTest(sparse(treated), sparse(control), { seed: 8, permutations: 200_000 });
    expect(pValue).toBeCloseTo(exceeding / total, 2);
  });
  it('gives the same p-value for the same seed, and never 0', () => {
    const treated = { n: 1_000, values: new Float64Array(300).fill(50) };
    const control = { n: 1_000, values: new Float64Array(2).fill(50) };
    const test = permutationTest(treated, control, { seed: 3 });
    expect(test).toEqual(permutationTest(treated, control, { seed: 3 }));
    expect(test).toEqual({ pValue: 1e-4, permutations: 9_999 });
  });
  it('finds nothing where nobody bought', () => {
    const nobody = { n: 50, values: new Float64Array(0) };
    expect(permutationTest(nobody, nobody, { seed: 1 })).toEqual({ pValue: 1, permutations: 0 });
  });
  it('counts equal differences as differences as large', () => {
    const same = { n: 10, values: Float64Array.of(0.1, 0.2, 0.3) };
    expect(permutationTest(same, { n: 10, values: Float64Array.of(0.3, 0.2, 0.1) }, { seed: 1 }).pValue).toBe(
      1,
    );
  });
  it('draws fewer permutations where each one is costly', () => {
    const many = { n: 100_000, values: new Float64Array(50_000).fill(1) };
    const { permutations } = permutationTest(many, many, { seed: 1, permutations: 1_000_000 });
    expect(permutations).toBe(2_000);
  });
  it.each([
    ['empty-arm', { n: 0, values: new Float64Array(0) }],
    ['impossible-outcome', { n: 1, values: Float64Array.of(1, 2) }],
    ['impossible-outcome', { n: 5, values: Float64Array.of(Number.NaN) }],
    ['impossible-outcome', { n: 1.5, values: Float64Array.of(1) }],
  ])('says %s', (code, arm) => {
    expect(() => permutationTest(arm, { n: 9, values: Float64Array.of(1) }, { seed: 1 })).toThrow(
      expect.objectContaining({ code }),
    );
  });
});

describe('exactProportionTest', () => {
  /** Counted in exact arithmetic over all splits. */
  it.each([
    [21307, 267, 21306, 122, 1.16742532748e-13],
    [20, 9, 15, 2, 0.0693230573653],
    [900, 12, 100, 3, 0.386365771651],
  ])('%d with %d against %d with %d', (n, count, m, other, pValue) => {
    expect(exactProportionTest({ n, count }, { n: m, count: other }) / pValue - 1).toBeCloseTo(0, 9);
  });
  it('is 1 where there is no difference', () => {
    expect(exactProportionTest({ n: 50, count: 0 }, { n: 70, count: 0 })).toBe(1);
    expect(exactProportionTest({ n: 50, count: 50 }, { n: 70, count: 70 })).toBe(1);
  });
});
