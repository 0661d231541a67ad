interface Gamma {
  readonly shape: number;
  readonly rate: number;
}

/** Gauss-Legendre nodes and weights on (0, 1), 12 points. */
const HALF_NODES = [
  0.1252334085114689, 0.3678314989981802, 0.5873179542866175, 0.7699026741943047, 0.9041172563704749,
  0.9815606342467192,
];
const HALF_WEIGHTS = [
  0.2491470458134028, 0.2334925365383548, 0.2031674267230659, 0.1600783285433462, 0.1069393259953184,
  0.0471753363865118,
];
const PANELS = 4;

/**
 * Probabilities of 0, 1, 2, ... purchases in a time t of a customer whose purchase rate and dropout rate are gamma
 * distributed: negative binomial for the time lived, averaged over the time of dropout (by Gauss-Legendre in its
 * survival probability, which makes the density level).
 * @param most the longest result; its last entry then stands for 'so many or more'
 */
export const countsWhileExposed = (
  purchase: Gamma,
  dropout: Gamma,
  t: number,
  most: number,
): Float64Array => {
  const surviving = Math.exp(-dropout.shape * Math.log1p(t / dropout.rate));
  const total = new Float64Array(most + 1);
  let longest = addCounts(total, surviving, purchase, t);
  const gone = 1 - surviving;
  for (let panel = 0; panel < PANELS; panel++) {
    for (let i = 0; i < 2 * HALF_NODES.length; i++) {
      const half = i >> 1;
      const place = (panel + (1 + (i & 1 ? 1 : -1) * HALF_NODES[half]!) / 2) / PANELS;
      // The time at which a share gone · place of the customers has dropped out.
      const lived = dropout.rate * Math.expm1(-Math.log1p(-gone * place) / dropout.shape);
      const weight = (gone * HALF_WEIGHTS[half]!) / 2 / PANELS;
      longest = Math.max(longest, addCounts(total, weight, purchase, Math.min(lived, t)));
    }
  }
  return total.slice(0, longest + 1);
};

/** Adds the negative binomial probabilities of the time; what is left goes to the last. Returns the last count. */
const addCounts = (total: Float64Array, weight: number, { shape, rate }: Gamma, time: number): number => {
  const u = time / rate;
  const lnZ = Math.log(u) - Math.log1p(u);
  let lnProbability = -shape * Math.log1p(u);
  let left = 1;
  for (let n = 0; ; n++) {
    const probability = Math.exp(lnProbability);
    if (n === total.length - 1 || left - probability < 1e-9) {
      total[n]! += weight * left;
      return n;
    }
    total[n]! += weight * probability;
    left -= probability;
    lnProbability += lnZ + Math.log((shape + n) / (n + 1));
  }
};
