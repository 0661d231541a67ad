import { describe, expect, it } from '@jest/globals';
import { dropoutIntegral } from '#statistics/dropout-integral';

/**
 * c, s, α, β, t, then the logarithm of J = ∫ (α+y)^−c (β+y)^−(s+1) dy and its derivatives by c, α, s, β, from the
 * hypergeometric form in 50 digits (mpmath). K = α^c β^s J.
 */
const REFERENCE = [
  [
    2.553, 0.606, 10.58, 11.67, 30.43, -12.914248826056, -4.03280898889, -0.0471920788463, -4.05274515205,
    -0.0290653882783,
  ],
  [
    0.553, 0.606, 10.58, 11.67, 0, -2.9664724573979, -3.25604363886, -0.0274105455272, -3.30828403652,
    -0.0744641326754,
  ],
  [
    26.55, 0.606, 10.58, 11.67, 30.86, -104.47747124078, -3.76112295107, -0.61789941141, -3.7861737668,
    -0.0364507028252,
  ],
  [
    1.5, 0.3, 0.01, 500, 20, -9.2648020549391, -4.17237111454, -0.0325425332143, -6.40198215044,
    -0.00220927675073,
  ],
  [
    3.2, 2.5, 800, 0.05, 0, -14.817850850879, -6.68465336273, -0.00399983347949, 2.59582100665,
    -50.0026643282,
  ],
  [150.2, 0.7, 5, 3, 80, -675.37248346551, -4.4492763874, -1.75542887756, -4.42562430474, -0.0203439205742],
  [
    0.02, 0.05, 1, 1, 3, 2.5622194316544, -15.6720086468, -0.000327102803738, -15.6720086468,
    -0.0171728971963,
  ],
] as const;

describe('dropoutIntegral', () => {
  it.each(REFERENCE)(
    'c %d, s %d, α %d, β %d, t %d',
    (c, s, alpha, beta, t, ln, byC, byAlpha, byS, byBeta) => {
      const integral = dropoutIntegral(c, s, alpha, beta, t);
      const pairs = [
        [integral.ln, ln + c * Math.log(alpha) + s * Math.log(beta)],
        [integral.byC, byC + Math.log(alpha)],
        [integral.byLnAlpha, alpha * byAlpha + c],
        [integral.byS, byS + Math.log(beta)],
        [integral.byLnBeta, beta * byBeta + s],
      ] as const;
      for (const [actual, expected] of pairs)
        expect(Math.abs(actual - expected)).toBeLessThan(1e-10 * (c + 10));
    },
  );
});
