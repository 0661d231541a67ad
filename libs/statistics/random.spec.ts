import { describe, expect, it } from '@jest/globals';
import { beta, exponential, gamma, normal, type Random, randomFrom } from '#statistics/random';

describe('randomFrom', () => {
  it('is xoshiro128**: the numbers of an implementation in another language', () => {
    const numbers = (seed: number, count: number) => {
      const random = randomFrom(seed);
      return Array.from({ length: count }, () => random.uint32());
    };
    expect(numbers(1, 5)).toEqual([393288148, 2174103013, 3814759091, 2092745082, 1865176206]);
    expect(numbers(20240501, 3)).toEqual([1112370300, 3993910283, 4228666133]);
  });
});

/** Mean and variance of 200,000 draws, each within five of its standard errors of the truth. */
const expectMoments = (
  draw: (random: Random) => number,
  mean: number,
  variance: number,
  kurtosis: number,
) => {
  const random = randomFrom(99);
  const n = 200_000;
  const draws = Float64Array.from({ length: n }, () => draw(random));
  const average = draws.reduce((sum, value) => sum + value, 0) / n;
  const spread = draws.reduce((sum, value) => sum + (value - average) ** 2, 0) / n;
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / n));
  expect(Math.abs(spread - variance)).toBeLessThan(5 * variance * Math.sqrt((kurtosis - 1) / n));
};

describe('distributions', () => {
  it('uniform', () => expectMoments((random) => random.uniform(), 1 / 2, 1 / 12, 1.8));
  it('normal', () => expectMoments(normal, 0, 1, 3));
  it('exponential', () => expectMoments((random) => exponential(random, 4), 1 / 4, 1 / 16, 9));
  it.each([0.3, 1, 7.5])('gamma with shape %d', (shape) =>
    expectMoments((random) => gamma(random, shape, 2), shape / 2, shape / 4, 3 + 6 / shape),
  );
  it('beta', () => expectMoments((random) => beta(random, 0.8, 2.4), 0.25, 0.1875 / 4.2, 3));
  it('stay within bounds for the smallest shapes', () => {
    const random = randomFrom(4);
    for (let i = 0; i < 1_000; i++) {
      const p = beta(random, 1e-5, 1e-5);
      expect(p >= 0 && p <= 1).toBe(true);
    }
  });
});
