import gammaln from '@stdlib/math-base-special-gammaln';

/** Counts less likely than this move no bound that anyone would notice. */
const NEGLIGIBLE = 1e-6;
const FEWEST_POINTS = 40;
const MOST_POINTS = 512;
/** Farthest from the middle of a distribution that the grid goes, as a logarithm: a factor of 160,000. */
const FARTHEST = 12;

/**
 * Distributions of the total of n spends of one customer under Gamma-Gamma, as a multiple of γ + x · mean: the total
 * is beta-prime (p n, b) with b = p x + q. On a grid in its logarithm v; then v is the logit of a beta (p n, b).
 */
export class TotalSpends {
  private readonly start: number;
  private readonly step: number;
  private readonly points: number;
  private readonly lnZ: Float64Array;
  private readonly lnRest: Float64Array;
  /** By n: the density at each point of the grid. */
  private readonly densities: Float64Array[] = [];

  /**
   * @param p > 0 and b > 0
   * @param most largest n that will be asked for, >= 1
   */
  constructor(
    private readonly p: number,
    private readonly b: number,
    most: number,
  ) {
    const widest = (shape: number) => 1 / shape + 1 / shape ** 2;
    const reach = (n: number) => Math.min(FARTHEST, 7 * Math.sqrt(widest(p * n) + widest(b)));
    this.start = Math.log(p / b) - reach(1);
    const range = Math.log((p * most) / b) + reach(most) - this.start;
    const narrowest = Math.sqrt(1 / (p * most) + 1 / b);
    this.points = Math.min(MOST_POINTS, Math.max(FEWEST_POINTS, Math.ceil((2 * range) / narrowest)));
    this.step = range / (this.points - 1);
    this.lnZ = Float64Array.from({ length: this.points }, (_, i) => -Math.log1p(Math.exp(-this.at(i))));
    this.lnRest = this.lnZ.map((lnZ, i) => lnZ - this.at(i));
  }

  /**
   * The quantile function of the total, given the probabilities of 0, 1, 2, ... purchases.
   * @returns a function of a probability; 0 up to the probability of no purchase
   */
  quantiles(counts: Float64Array): (probability: number) => number {
    const { density, below } = this.mixture(counts);
    return (probability) => {
      if (probability <= below[0]!) return 0;
      let low = 0;
      let high = this.points - 1;
      if (probability >= below[high]!) return Math.exp(this.at(high));
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (below[middle]! <= probability) low = middle;
        else high = middle;
      }
      // Between two points the density is a straight line.
      const missing = probability - below[low]!;
      const bend = (density[high]! - density[low]!) / this.step;
      const root = Math.sqrt(Math.max(0, density[low]! ** 2 + 2 * bend * missing));
      const into = (2 * missing) / (density[low]! + root);
      return Math.exp(this.at(low) + Math.min(this.step, into));
    };
  }

  private at(i: number): number {
    return this.start + i * this.step;
  }

  private mixture(counts: Float64Array): { density: Float64Array; below: Float64Array } {
    const density = new Float64Array(this.points);
    for (let n = 1; n < counts.length; n++) {
      const weight = counts[n]!;
      if (weight < NEGLIGIBLE) continue;
      const densities = this.densityOf(n);
      for (let i = 0; i < density.length; i++) density[i]! += weight * densities[i]!;
    }
    const below = new Float64Array(this.points);
    below[0] = counts[0]!;
    const last = density.length - 1;
    for (let i = 1; i <= last; i++) {
      // The cubic through the four points around the interval.
      const [left, right] = [density[Math.max(0, i - 2)]!, density[Math.min(last, i + 1)]!];
      const area = (this.step / 24) * (13 * (density[i - 1]! + density[i]!) - left - right);
      below[i] = below[i - 1]! + Math.max(0, area);
    }
    return { density, below };
  }

  private densityOf(n: number): Float64Array {
    const known = this.densities[n];
    if (known) return known;
    const a = this.p * n;
    const lnBeta = gammaln(a) + gammaln(this.b) - gammaln(a + this.b);
    const density = this.lnZ.map((lnZ, i) => Math.exp(a * lnZ + this.b * this.lnRest[i]! - lnBeta));
    this.densities[n] = density;
    return density;
  }
}
