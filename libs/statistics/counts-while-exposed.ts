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
const PANELS = 5;

/**
 * Probabilities of 0, 1, 2, ... purchases in a time t of a customer whose purchase rate and dropout rate are gamma
 * distributed: negative binomial for the time lived, averaged over the time of dropout. With y the time and
 * w = ln(1 + y / rate), dropout has the density shape · exp(−shape · w), which is integrated by Gauss-Legendre with
 * nodes closer together where w is small. Exact to about 1e-6.
 * @param most the longest result; its last entry then stands for 'so many or more'
 */
export const countsWhileExposed = (
  purchase: Gamma,
  dropout: Gamma,
  t: number,
  most: number,
): Float64Array => {
  const range = Math.log1p(t / dropout.rate);
  const end = Math.min(range, NEVER_LATER / dropout.shape);
  const total = new Float64Array(most + 1);
  const { times, weights } = dropoutTimes(dropout, end);
  const gone = -Math.expm1(-dropout.shape * range);
  const sum = weights.reduce((partial, weight) => partial + weight, 0);
  let longest = addCounts(total, 1 - gone, purchase, t);
  for (let i = 0; i < times.length; i++) {
    const share = sum > 0 ? (gone * weights[i]!) / sum : 0;
    longest = Math.max(longest, addCounts(total, share, purchase, Math.min(times[i]!, t)));
  }
  return total.slice(0, longest + 1);
};

/** Beyond this over the shape, a share of e^−40 is still alive. */
const NEVER_LATER = 40;

const dropoutTimes = ({ shape, rate }: Gamma, end: number): { times: number[]; weights: number[] } => {
  const times: number[] = [];
  const weights: number[] = [];
  for (let panel = 0; panel < PANELS; panel++) {
    for (const [half, node] of HALF_NODES.entries()) {
      for (const side of [-1, 1]) {
        const place = (panel + (1 + side * node) / 2) / PANELS;
        const w = end * place * place;
        times.push(rate * Math.expm1(w));
        weights.push(HALF_WEIGHTS[half]! * place * Math.exp(-shape * w));
      }
    }
  }
  return { times, weights };
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
