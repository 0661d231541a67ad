import { describe, expect, it } from '@jest/globals';
import { inverseOfPositiveDefinite } from '#statistics/matrix';
import { minimise, type Objective } from '#statistics/minimise';

const rosenbrock: Objective = (point, gradient) => {
  const [x, y] = [point[0]!, point[1]!];
  gradient[0] = -400 * x * (y - x * x) - 2 * (1 - x);
  gradient[1] = 200 * (y - x * x);
  return 100 * (y - x * x) ** 2 + (1 - x) ** 2;
};

describe('minimise', () => {
  it('finds the bottom of a bent valley', () => {
    const { point, convergence } = minimise(rosenbrock, [-1.2, 1]);
    expect([...point]).toEqual([expect.closeTo(1, 8), expect.closeTo(1, 8)]);
    expect(convergence.converged).toBe(true);
    expect(convergence.iterations).toBeLessThan(60);
  });
  it('minimises a badly scaled quadratic', () => {
    const scales = [1e-3, 1, 1e4];
    const { point, convergence } = minimise(
      (at, gradient) => {
        scales.forEach((scale, i) => {
          gradient[i] = scale * (at[i]! - i);
        });
        return scales.reduce((sum, scale, i) => sum + (scale * (at[i]! - i) ** 2) / 2, 0);
      },
      [20, -20, 20],
    );
    expect([...point]).toEqual([0, 1, 2].map((value) => expect.closeTo(value, 5)));
    expect(convergence.converged).toBe(true);
  });
  it('backs away from where the objective is not defined', () => {
    const { point } = minimise(
      (at, gradient) => {
        const x = at[0]!;
        if (x <= 0) return Number.NaN;
        gradient[0] = 1 - 0.01 / x;
        return x - 0.01 * Math.log(x);
      },
      [5],
    );
    expect(point[0]).toBeCloseTo(0.01, 8);
  });
  it('says so when there is no minimum', () => {
    const { convergence } = minimise(
      (at, gradient) => {
        gradient[0] = -1;
        return -at[0]!;
      },
      [0],
      { maxIterations: 20 },
    );
    expect(convergence).toMatchObject({ converged: false, gradientNorm: 1 });
  });
  it('starts well from a known curvature', () => {
    const first = minimise(rosenbrock, [-1.2, 1], { gradientTolerance: 1e-4 });
    const second = minimise(rosenbrock, first.point, { inverseHessian: first.inverseHessian });
    expect(second.convergence.converged).toBe(true);
    expect(second.convergence.iterations).toBeLessThan(6);
  });
});

describe('inverseOfPositiveDefinite', () => {
  it('inverts', () => {
    const inverse = inverseOfPositiveDefinite([
      [4, 2, 0.5],
      [2, 3, 1],
      [0.5, 1, 2],
    ])!;
    const product = [4, 2, 0.5].map(
      (_, j) => 4 * inverse[0]![j]! + 2 * inverse[1]![j]! + 0.5 * inverse[2]![j]!,
    );
    expect(product).toEqual([expect.closeTo(1, 12), expect.closeTo(0, 12), expect.closeTo(0, 12)]);
  });
  it.each([
    [
      [
        [1, 2],
        [2, 1],
      ],
    ],
    [
      [
        [1, 1],
        [1, 1],
      ],
    ],
    [
      [
        [0, 0],
        [0, 1],
      ],
    ],
  ])('refuses %j', (matrix) => {
    expect(inverseOfPositiveDefinite(matrix)).toBeUndefined();
  });
});
