import gammaln from '@stdlib/math-base-special-gammaln';

/**
 * A customer who is alive: purchases come at a rate with the gamma distribution (shape, rate), and after each one
 * the customer drops out with a probability that has the beta distribution (a, b).
 */
export interface AliveCustomer {
  /** r + x > 0 */
  readonly shape: number;
  /** α + T > 0, in units of time */
  readonly rate: number;
  readonly a: number;
  readonly b: number;
}

/** More terms than this, and quadrature is faster. */
const MOST_TERMS = 4000;

/**
 * Expected purchases in a time t of a customer who is alive.
 *
 * Fader, Hardie & Lee (2005), equation (10), without P(alive), is (a+b−1)/(a−1) · [1 − (rate/(rate+t))^shape ·
 * ₂F₁(shape, b; a+b−1; t/(rate+t))] with b for b+x: as it stands it is 0/0 at a = 1 and cancels near it. The same
 * number is Σₙ P(K = n) · E[purchases made in n opportunities], K negative binomial, all terms positive; where that
 * takes too long, an integral over the dropout probability.
 * @param t time >= 0
 * @returns a number in [0, shape · t / rate]
 */
export const purchasesUntilDropout = (customer: AliveCustomer, t: number): number => {
  const u = t / customer.rate;
  const opportunities = customer.shape * u;
  if (opportunities === 0) return 0;
  const tail = Math.sqrt(opportunities * (1 + u));
  const terms = opportunities + 10 * tail + 36 * (1 + u);
  const lnNone = -customer.shape * Math.log1p(u);
  const sum =
    terms < MOST_TERMS && lnNone > -650
      ? overOpportunities(customer, u, lnNone)
      : overDropoutProbabilities(customer, u);
  return Math.min(sum, opportunities);
};

const overOpportunities = ({ shape, a, b }: AliveCustomer, u: number, lnNone: number): number => {
  const z = u / (1 + u);
  let probability = Math.exp(lnNone);
  let stillBuying = 1;
  let bought = 0;
  let sum = 0;
  const mean = shape * u;
  for (let n = 1; ; n++) {
    probability *= (z * (shape + n - 1)) / n;
    bought += stillBuying;
    stillBuying *= (b + n - 1) / (a + b + n - 1);
    const term = probability * bought;
    sum += term;
    // Beyond the mean the terms fall at least as a geometric series.
    const ratio = (z * (shape + n) * (n + 1)) / ((n + 1) * n);
    if (n > mean && (term * ratio < 1e-16 * (1 - ratio) * sum || probability === 0)) return sum;
  }
};

/**
 * E over p of (1 − (1 + p u)^−shape) / p, by the trapezoidal rule in the logit of p: its error falls exponentially
 * with the step, because the integrand is analytic in a strip. Far out the integrand is an exponential, whose sum is
 * known: small a or b would take millions of steps.
 */
const overDropoutProbabilities = ({ shape, a, b }: AliveCustomer, u: number): number => {
  const lnBeta = gammaln(a) + gammaln(b) - gammaln(a + b);
  const integrand = (logit: number): number => {
    const lnP = -softplus(-logit);
    const p = Math.exp(lnP);
    const perP = p * u < 1e-12 ? shape * u : -Math.expm1(-shape * Math.log1p(p * u)) / p;
    return Math.exp(a * lnP - b * softplus(logit) - lnBeta) * perP;
  };
  const spread = Math.sqrt(1 / a + 1 / b);
  const step = Math.min(0.25, spread / 2);
  const centre = Math.log(a / b);
  const side = (direction: number, decay: number, farOut: number): number => {
    let sum = 0;
    let peak = 0;
    for (let i = 1; ; i++) {
      const logit = centre + direction * i * step;
      const value = integrand(logit);
      sum += value;
      peak = Math.max(peak, value);
      if (value <= 1e-18 * peak && i * step > spread) return sum;
      if (direction * logit > farOut) return sum + value / Math.expm1(decay * step);
    }
  };
  const below = side(-1, a, 36 + Math.log1p(u) + Math.log1p(shape));
  const above = side(1, b, 36);
  return (below + integrand(centre) + above) * step;
};

const softplus = (v: number): number => (v > 0 ? v + Math.log1p(Math.exp(-v)) : Math.log1p(Math.exp(v)));

/**
 * Probabilities of 0, 1, 2, ... purchases in a time t of a customer who is alive: the customer buys at least n times
 * when there are n opportunities and the first n − 1 purchases were survived, P(N >= n) = P(K >= n) · E[(1−p)^(n−1)].
 * @param most the longest result; its last entry then stands for 'so many or more'
 */
export const countsUntilDropout = (
  { shape, rate, a, b }: AliveCustomer,
  t: number,
  most: number,
): Float64Array => {
  const u = t / rate;
  const z = u / (1 + u);
  const lnZ = Math.log(z);
  const atLeast = [1];
  let lnProbability = -shape * Math.log1p(u);
  let opportunity = -Math.expm1(lnProbability);
  let stillBuying = 1;
  for (let n = 1; n <= most; n++) {
    const reached = Math.max(opportunity, 0) * stillBuying;
    atLeast.push(reached);
    if (reached < 1e-9 || n === most) break;
    lnProbability += lnZ + Math.log((shape + n - 1) / n);
    opportunity -= Math.exp(lnProbability);
    stillBuying *= (b + n - 1) / (a + b + n - 1);
  }
  return Float64Array.from(atLeast, (reached, n) => reached - (atLeast[n + 1] ?? 0));
};
