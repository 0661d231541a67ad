import { describe, expect, it } from '@jest/globals';
import { countsUntilDropout, purchasesUntilDropout } from '#statistics/purchases-until-dropout';

/** shape, rate, a, b, t, and the published closed form in 60 digits (mpmath's hyp2f1). */
const REFERENCE = [
  [0.243, 4.414, 0.793, 2.426, 78, 1.86051905794277],
  [2.243, 43.274, 0.793, 4.426, 39, 1.68739930580531],
  [0.243, 4.414, 1, 2.426, 52, 1.28998825248407],
  [26.2, 35.4, 0.8, 28.4, 52, 26.4731197103315],
  [0.05, 0.5, 0.02, 0.3, 1000, 82.7842263366142],
  [3.5, 10, 5, 900, 200, 55.9821072486091],
  [120.3, 30, 0.5, 122, 40, 127.138477955253],
  [5.5, 0.01, 0.3, 7, 1e4, 129390.432244169],
  [1e-4, 1e3, 1e-3, 1e3, 10, 9.99999994999538e-7],
  [1000.5, 5, 2, 1002, 300, 986.516926467723],
  [2.5, 3, 1.0000001, 4, 60, 10.1429811008084],
  [0.6, 12, 30, 40, 1e5, 2.36136313865076],
] as const;

describe('purchasesUntilDropout', () => {
  it.each(REFERENCE)('shape %d, rate %d, a %d, b %d in t %d: %d', (shape, rate, a, b, t, expected) => {
    expect(purchasesUntilDropout({ shape, rate, a, b }, t) / expected - 1).toBeCloseTo(0, 11);
  });
  it('is nothing in no time', () => {
    expect(purchasesUntilDropout({ shape: 1, rate: 1, a: 1, b: 1 }, 0)).toBe(0);
  });
});

describe('countsUntilDropout', () => {
  // Beyond that the tail is longer than any result.
  const shorter = REFERENCE.filter(([, , , , , mean]) => mean < 1e4);
  it.each(shorter)(
    'has the same mean: shape %d, rate %d, a %d, b %d, t %d: %d',
    (shape, rate, a, b, t, mean) => {
      const counts = countsUntilDropout({ shape, rate, a, b }, t, 2_000_000);
      const sum = counts.reduce((total, probability, n) => total + n * probability, 0);
      expect(counts.reduce((total, probability) => total + probability, 0)).toBeCloseTo(1, 12);
      expect(sum / mean - 1).toBeCloseTo(0, 5);
    },
  );
  it('puts what is beyond the most into the last', () => {
    const counts = countsUntilDropout({ shape: 5, rate: 1, a: 1, b: 50 }, 10, 4);
    expect(counts).toHaveLength(5);
    expect(counts.reduce((total, probability) => total + probability, 0)).toBeCloseTo(1, 12);
    expect(counts[4]).toBeGreaterThan(0.9);
  });
});
