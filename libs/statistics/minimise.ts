/** How a minimisation ended. */
export interface Convergence {
  /** Whether the gradient fell below the tolerance. */
  readonly converged: boolean;
  readonly iterations: number;
  readonly evaluations: number;
  /** Largest absolute component of the gradient at the end. */
  readonly gradientNorm: number;
}

/** Returns the value at `point` and writes the gradient there into `gradient`. Infinity or NaN: not allowed here. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface MinimiseOptions {
  /** Converged when no component of the gradient is larger than this. */
  readonly gradientTolerance?: number;
  readonly maxIterations?: number;
  /** What is known of the curvature, for instance from a sample: the `inverseHessian` of another minimum. */
  readonly inverseHessian?: readonly Float64Array[];
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  /** The quasi-Newton approximation: good enough to start from, not for standard errors. */
  readonly inverseHessian: readonly Float64Array[];
  readonly convergence: Convergence;
}

const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
/** Longest move of one coordinate in one step: a factor of 12 when coordinates are logarithms. */
const LONGEST_MOVE = 2.5;
const MAX_TRIALS = 40;
/** Values closer than this, relatively, are rounding noise. */
const NOISE = 1e-13;

interface Trial {
  readonly point: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
}

/**
 * Minimises a smooth function of a few variables without constraints: BFGS with a line search to the weak Wolfe
 * conditions by bisection and doubling, which also takes the approximate Wolfe conditions near the minimum, where
 * differences of values drown in rounding.
 * @param start the point to start from; `objective` must be finite there
 * @returns the best point found; `convergence.converged` says whether it is a minimum
 * Source: Nocedal & Wright, Numerical Optimization (2006), algorithm 6.1; Lewis & Overton, Math. Program. 141
 * (2013), algorithm 4.6; Hager & Zhang, SIAM J. Optim. 16 (2005), equation (1.7).
 */
export const minimise = (
  objective: Objective,
  start: ArrayLike<number>,
  { gradientTolerance = 1e-9, maxIterations = 300, inverseHessian }: MinimiseOptions = {},
): Minimum => {
  let evaluations = 0;
  const evaluate = (point: Float64Array): Trial => {
    evaluations++;
    const gradient = new Float64Array(point.length);
    return { point, value: objective(point, gradient), gradient };
  };
  const size = start.length;
  let curvatureKnown = inverseHessian !== undefined;
  let inverse = inverseHessian?.map((row) => row.slice()) ?? identity(size);
  let at = evaluate(Float64Array.from(start));
  let iterations = 0;
  while (largest(at.gradient) > gradientTolerance && iterations < maxIterations) {
    iterations++;
    let direction = times(inverse, at.gradient, -1);
    let slope = dot(direction, at.gradient);
    if (!(slope < 0)) {
      inverse = identity(size);
      curvatureKnown = false;
      direction = at.gradient.map((g) => -g);
      slope = dot(direction, at.gradient);
    }
    const longest = LONGEST_MOVE / largest(direction);
    const first = Math.min(curvatureKnown ? 1 : 1 / largest(direction), longest);
    const next = search(evaluate, at, direction, slope, first, longest);
    if (!next) {
      if (!curvatureKnown) break;
      inverse = identity(size);
      curvatureKnown = false;
      continue;
    }
    inverse = updated(inverse, at, next, curvatureKnown);
    curvatureKnown = true;
    at = next;
  }
  const gradientNorm = largest(at.gradient);
  return {
    ...at,
    inverseHessian: inverse,
    convergence: { converged: gradientNorm <= gradientTolerance, iterations, evaluations, gradientNorm },
  };
};

/** The point along the direction that is good enough; undefined when there is none but the start. */
const search = (
  evaluate: (point: Float64Array) => Trial,
  from: Trial,
  direction: Float64Array,
  slope: number,
  firstStep: number,
  longest: number,
): Trial | undefined => {
  let low = 0;
  let high = Number.POSITIVE_INFINITY;
  let step = firstStep;
  let best: Trial | undefined;
  for (let trial = 0; trial < MAX_TRIALS; trial++) {
    const at = evaluate(from.point.map((value, i) => value + step * direction[i]!));
    const slopeThere = dot(direction, at.gradient);
    const finite = Number.isFinite(at.value) && Number.isFinite(slopeThere);
    const lower = at.value <= from.value + SUFFICIENT_DECREASE * step * slope;
    const level =
      at.value <= from.value + NOISE * Math.abs(from.value) &&
      slopeThere <= (2 * SUFFICIENT_DECREASE - 1) * slope;
    if (finite && (lower || level)) {
      if (!best || at.value <= best.value) best = at;
      if (slopeThere >= CURVATURE * slope || step >= longest) return at;
      low = step;
    } else {
      high = step;
    }
    step = Number.isFinite(high) ? (low + high) / 2 : Math.min(2 * step, longest);
  }
  return best;
};

/** The BFGS update of the inverse Hessian; the first one also sets its scale. */
const updated = (
  inverse: readonly Float64Array[],
  from: Trial,
  to: Trial,
  scaled: boolean,
): Float64Array[] => {
  const size = from.point.length;
  const moved = to.point.map((value, i) => value - from.point[i]!);
  const bent = to.gradient.map((value, i) => value - from.gradient[i]!);
  const curvature = dot(moved, bent);
  if (!(curvature > 0)) return inverse.map((row) => row.slice());
  const base = scaled ? inverse : identity(size, curvature / dot(bent, bent));
  const image = times(base, bent, 1);
  const factor = (1 + dot(bent, image) / curvature) / curvature;
  return base.map((row, i) =>
    row.map(
      (value, j) =>
        value + factor * moved[i]! * moved[j]! - (image[i]! * moved[j]! + moved[i]! * image[j]!) / curvature,
    ),
  );
};

const identity = (size: number, scale = 1): Float64Array[] =>
  Array.from({ length: size }, (_, i) => {
    const row = new Float64Array(size);
    row[i] = scale;
    return row;
  });

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const times = (matrix: readonly Float64Array[], vector: Float64Array, sign: number): Float64Array =>
  Float64Array.from(matrix, (row) => sign * dot(row, vector));

const largest = (vector: Float64Array): number =>
  vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
