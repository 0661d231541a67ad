import { describe, expect, it } from '@jest/globals';
import { betaGeometricLogLikelihood } from '#statistics/beta-geometric';
import { spendLikelihood } from '#statistics/gamma-gamma-likelihood';
import { groupedHistories } from '#statistics/histories';
import type { LogLikelihood } from '#statistics/maximum-likelihood';
import { paretoNbdLogLikelihood } from '#statistics/pareto-nbd-likelihood';

const groups = groupedHistories([
  { x: 0, tx: 0, T: 27.3, n: 40 },
  { x: 0, tx: 0, T: 38.9, n: 25 },
  { x: 1, tx: 0.14, T: 30, n: 3 },
  { x: 1, tx: 30, T: 30, n: 2 },
  { x: 4, tx: 11.1, T: 39, n: 1 },
  { x: 90, tx: 37, T: 38, n: 1 },
]);
const spends = spendLikelihood(
  Float64Array.from([1, 3, 40, 1, 0]),
  Float64Array.from([22.35, 10.5, 73.7, 0.01, 5]),
);

const likelihoods: readonly [string, LogLikelihood, number[][]][] = [
  [
    'BG/NBD',
    betaGeometricLogLikelihood(groups, 0),
    [
      [0.3, 5, 0.8, 2.4],
      [20, 0.1, 3, 0.01],
      [0.01, 300, 40, 0.9],
    ],
  ],
  [
    'MBG/NBD',
    betaGeometricLogLikelihood(groups, 1),
    [
      [0.3, 5, 0.8, 2.4],
      [20, 0.1, 3, 0.01],
      [0.01, 300, 40, 0.9],
    ],
  ],
  [
    'Pareto/NBD',
    paretoNbdLogLikelihood(groups),
    [
      [0.5, 10, 0.6, 12],
      [3, 0.2, 4, 500],
      [0.05, 400, 0.1, 0.3],
    ],
  ],
  [
    'Gamma-Gamma',
    spends.logLikelihood,
    [
      [6, 3.7, 15],
      [0.2, 30, 400],
      [50, 0.5, 0.1],
    ],
  ],
];

describe('analytic gradients', () => {
  it.each(likelihoods)('agree with differences: %s', (_, logLikelihood, points) => {
    for (const point of points) {
      const at = Float64Array.from(point, Math.log);
      const gradient = new Float64Array(at.length);
      const ignored = new Float64Array(at.length);
      const value = logLikelihood(at, gradient);
      expect(Number.isFinite(value)).toBe(true);
      at.forEach((_value, i) => {
        const step = 1e-5;
        const beside = (by: number) =>
          logLikelihood(
            at.map((v, j) => (j === i ? v + by : v)),
            ignored,
          );
        const difference = (beside(step) - beside(-step)) / (2 * step);
        expect(Math.abs(gradient[i]! - difference)).toBeLessThan(1e-6 * (1 + Math.abs(value)));
      });
    }
  });
  it('goes with the value computed in 40 digits', () => {
    const at = Float64Array.from([6.25, 3.74, 15.44], Math.log);
    expect(spends.logLikelihood(at, new Float64Array(3))).toBeCloseTo(-49.1718305250129, 10);
  });
});
