// Looked up once: in a vm context, as tests run in, every mention of a global is a slow look-up.
const { exp, log, log1p, max } = Math;

/**
 * K(t) = ∫ from t to ∞ of (1 + y/α)^−c (1 + y/β)^−s / (β + y) dy, the one integral of Pareto/NBD: the density of
 * buying as often as seen and dropping out at y, over s. The published forms write it as a Gaussian hypergeometric
 * function in two cases (α >= β and not), each slow or unstable somewhere. Taking α and β out of the powers keeps
 * digits when they are large.
 */
export interface DropoutIntegral {
  /** ln K */
  readonly ln: number;
  /** Derivatives of ln K with respect to c, ln α, s and ln β. */
  readonly byC: number;
  readonly byLnAlpha: number;
  readonly byS: number;
  readonly byLnBeta: number;
}

/**
 * Nodes of the double exponential rule for (0, ∞) of a function that is level at the left and falls like a power at
 * the right: y = exp(v − e^−v) at equal steps of v.
 * Source: Takahasi & Mori, Publ. RIMS 9 (1974), section 4.
 */
const STEP = 0.25;
const FIRST = -3.75;
const LAST = 70;
const NODES = Float64Array.from({ length: (LAST - FIRST) / STEP + 1 }, (_, i) => {
  const v = FIRST + i * STEP;
  return exp(v - exp(-v));
});
const WEIGHTS = NODES.map((node, i) => node * (1 + exp(-(FIRST + i * STEP))));
/** Beyond this multiple of everything else the integrand is a pure power. */
const FAR = 1e14;

/**
 * Evaluates K and its derivatives to about twelve digits, in logarithms, so that nothing overflows.
 * @param c r + x > 0
 * @param s > 0
 * @param alpha, beta > 0
 * @param t >= 0
 */
export const dropoutIntegral = (
  c: number,
  s: number,
  alpha: number,
  beta: number,
  t: number,
): DropoutIntegral => {
  const a = alpha + t;
  const b = beta + t;
  const scale = 1 / (c / a + (s + 1) / b);
  let sum = 0;
  let lnA = 0;
  let lnB = 0;
  let shareA = 0;
  let shareB = 0;
  const add = (value: number, y: number, logA: number, logB: number) => {
    sum += value;
    lnA += value * logA;
    lnB += value * logB;
    shareA += (value * (t + y)) / (a + y);
    shareB += (value * (t + y)) / (b + y);
  };
  for (let i = 0; i < NODES.length; i++) {
    const y = NODES[i]! * scale;
    const logA = log1p(y / a);
    const logB = log1p(y / b);
    const value = exp(-c * logA - (s + 1) * logB) * WEIGHTS[i]!;
    add(value, y, logA, logB);
    if (value < 1e-15 * sum) break;
    if (y > FAR * max(a, b)) {
      // The rest is a geometric series; its logarithms grow by one step at a time.
      const ratio = exp(-(c + s) * STEP);
      const rest = (value * ratio) / (1 - ratio);
      const ahead = STEP / (1 - ratio);
      add(rest, y, logA + ahead, logB + ahead);
      break;
    }
  }
  const fromA = log1p(t / alpha);
  const fromB = log1p(t / beta);
  return {
    ln: -c * fromA - s * fromB - log(b) + log(sum * STEP * scale),
    byC: -fromA - lnA / sum,
    byLnAlpha: (c * shareA) / sum,
    byS: -fromB - lnB / sum,
    byLnBeta: ((s + 1) * shareB) / sum - 1,
  };
};
