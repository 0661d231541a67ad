// Looked up once: in a vm context, as tests run in, every mention of a global is a slow look-up.
const { imul, log, sqrt } = Math;

/** A seeded stream of random numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** A whole number from 0 to 2^32 − 1. */
  uint32(): number;
  /** A number in (0, 1), of 52 bits. */
  uniform(): number;
}

/**
 * xoshiro128**: fast, 128 bits of state, passes the usual batteries; not for secrets.
 * @param seed any number; only its 32 lowest bits count
 * Source: Blackman & Vigna, Scrambled Linear Pseudorandom Number Generators, ACM TOMS 47 (2021); the state is filled
 * from the seed by SplitMix (Steele, Lea & Flood, OOPSLA 2014) with a 32-bit finaliser.
 */
export const randomFrom = (seed: number): Random => {
  let mix = seed | 0;
  // A typed array, because V8 keeps captured variables beyond 31 bits as objects on the heap.
  const state = new Int32Array(4).map(() => {
    mix = (mix + 0x9e3779b9) | 0;
    let z = imul(mix ^ (mix >>> 16), 0x21f0aaad);
    z = imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  });
  const uint32 = () => {
    const b = state[1]!;
    const times5 = imul(b, 5);
    const result = imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
    const c = state[2]! ^ state[0]!;
    const d = state[3]! ^ b;
    state[1] = b ^ c;
    state[0] = state[0]! ^ d;
    state[2] = c ^ (b << 9);
    state[3] = (d << 11) | (d >>> 21);
    return result;
  };
  return {
    uint32,
    uniform: () => ((uint32() >>> 6) * 67108864 + (uint32() >>> 6) + 0.5) / 4503599627370496,
  };
};

/** Standard normal, by Marsaglia's polar method. */
export const normal = (random: Random): number => {
  for (;;) {
    const u = 2 * random.uniform() - 1;
    const v = 2 * random.uniform() - 1;
    const s = u * u + v * v;
    if (s > 0 && s < 1) return u * sqrt((-2 * log(s)) / s);
  }
};

/** Exponential with the given rate > 0. */
export const exponential = (random: Random, rate: number): number => -log(random.uniform()) / rate;

/**
 * Gamma with shape > 0 and rate > 0.
 * Source: Marsaglia & Tsang, A Simple Method for Generating Gamma Variables, ACM TOMS 26 (2000).
 */
export const gamma = (random: Random, shape: number, rate: number): number => {
  if (shape < 1) return gamma(random, shape + 1, rate) * random.uniform() ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && log(random.uniform()) < 0.5 * x * x + d - d * v + d * log(v)) return (d * v) / rate;
  }
};

/** Beta with both shapes > 0. */
export const beta = (random: Random, a: number, b: number): number => {
  const x = gamma(random, a, 1);
  const y = gamma(random, b, 1);
  // Very small shapes may give two zeros: then the mass is at the ends.
  return x + y > 0 ? x / (x + y) : Number(random.uniform() < a / (a + b));
};
