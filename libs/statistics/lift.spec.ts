import { describe, expect, it } from '@jest/globals';
import {
  differenceOfMeans,
  differenceOfProportions,
  holm,
  momentsOf,
  normalPValue,
  sampleRatioCheck,
} from '#statistics/index';

describe('momentsOf', () => {
  it('counts the zeros without listing them', () => {
    expect(momentsOf({ n: 5, values: Float64Array.of(3, 7) })).toEqual({ n: 5, mean: 2, variance: 9.5 });
  });
});

describe('differenceOfMeans', () => {
  it("is Welch's test", () => {
    // t, degrees of freedom and p-value computed in 15 digits.
    const a = [27.5, 21, 19, 23.6, 17, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19, 21.7, 21.4];
    const b = [27.1, 22, 20.8, 23.4, 23.4, 23.5, 25.8, 22, 24.8, 20.2, 21.9, 22.1, 22.9, 30.4, 31.4];
    const lift = differenceOfMeans(
      momentsOf({ n: 15, values: Float64Array.from(a) }),
      momentsOf({ n: 15, values: Float64Array.from(b) }),
    );
    expect(lift.difference / lift.standardError).toBeCloseTo(-2.9482237, 6);
    expect(lift.degreesOfFreedom).toBeCloseTo(27.306714, 5);
    expect(lift.welchPValue).toBeCloseTo(0.0064771072, 8);
    expect(lift.welchInterval.low).toBeLessThan(lift.interval.low);
  });
  it('has an interval of no width without variance', () => {
    const lift = differenceOfMeans({ n: 5, mean: 2, variance: 0 }, { n: 5, mean: 2, variance: 0 });
    expect(lift).toMatchObject({
      difference: 0,
      standardError: 0,
      welchPValue: 1,
      interval: { low: 0, high: 0 },
    });
  });
  it('takes two customers in each arm', () => {
    const moments = { n: 10, mean: 1, variance: 1 };
    expect(() => differenceOfMeans(moments, { n: 1, mean: 0, variance: 0 })).toThrow(
      expect.objectContaining({ code: 'empty-arm' }),
    );
    expect(() => differenceOfMeans(moments, { n: 5, mean: Number.NaN, variance: 1 })).toThrow(
      expect.objectContaining({ code: 'impossible-outcome' }),
    );
    expect(() => differenceOfMeans(moments, moments, 1)).toThrow(
      expect.objectContaining({ code: 'impossible-argument' }),
    );
  });
});

describe('differenceOfProportions', () => {
  it('has the unpooled standard error', () => {
    const lift = differenceOfProportions({ n: 200, count: 60 }, { n: 100, count: 20 });
    expect(lift.difference).toBeCloseTo(0.1, 12);
    expect(lift.standardError).toBeCloseTo(Math.sqrt((0.3 * 0.7) / 200 + (0.2 * 0.8) / 100), 12);
    expect(normalPValue(lift)).toBeCloseTo(0.0516, 3);
  });
  it('refuses what is no proportion', () => {
    expect(() => differenceOfProportions({ n: 3, count: 4 }, { n: 3, count: 1 })).toThrow(
      expect.objectContaining({ code: 'impossible-outcome' }),
    );
  });
});

describe('holm', () => {
  it('adjusts in order of size, and never below a smaller one', () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual(
      [0.03, 0.06, 0.06, 0.02].map((p) => expect.closeTo(p, 12)),
    );
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe('sampleRatioCheck', () => {
  it('is silent about what chance does, and alarms beyond', () => {
    const shares = [0.45, 0.45, 0.1];
    const check = (sizes: readonly number[]) =>
      sampleRatioCheck(sizes.map((n, i) => ({ n, share: shares[i]! })));
    expect(check([4500, 4520, 980])).toMatchObject({ alarm: false, degreesOfFreedom: 2 });
    expect(check([4500, 4700, 800])).toMatchObject({ alarm: true });
  });
  it('has the p-value of chi-square', () => {
    // (115 − 150)² / 150 + ... for two equal shares of 300.
    const { chiSquare, pValue } = sampleRatioCheck([
      { n: 115, share: 1 },
      { n: 185, share: 1 },
    ]);
    expect(chiSquare).toBeCloseTo(16.3333, 4);
    expect(pValue).toBeCloseTo(5.31e-5, 6);
  });
  it('takes two arms with someone in them', () => {
    expect(() => sampleRatioCheck([{ n: 5, share: 1 }])).toThrow(
      expect.objectContaining({ code: 'impossible-argument' }),
    );
    expect(() =>
      sampleRatioCheck([
        { n: 0, share: 1 },
        { n: 0, share: 1 },
      ]),
    ).toThrow(expect.objectContaining({ code: 'empty-arm' }));
  });
});
