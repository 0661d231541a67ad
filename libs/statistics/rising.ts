import digamma from '@stdlib/math-base-special-digamma';
import gammaln from '@stdlib/math-base-special-gammaln';

/** Up to here a product is faster than two log-gammas, and loses nothing by cancellation. */
const SHORT = 64;

/**
 * Logarithm of the rising factorial a (a+1) ... (a+k-1) = Γ(a+k) / Γ(a).
 * @param a > 0
 * @param k a whole number >= 0
 */
export const lnRising = (a: number, k: number): number => {
  if (k > SHORT) return gammaln(a + k) - gammaln(a);
  let sum = 0;
  let product = 1;
  for (let i = 0; i < k; i++) {
    product *= a + i;
    if (product > 1e200 || product < 1e-200) {
      sum += Math.log(product);
      product = 1;
    }
  }
  return sum + Math.log(product);
};

/** Derivative of `lnRising` with respect to a: ψ(a+k) − ψ(a). Same ranges. */
export const lnRisingSlope = (a: number, k: number): number => {
  if (k > SHORT) return digamma(a + k) - digamma(a);
  let sum = 0;
  for (let i = 0; i < k; i++) sum += 1 / (a + i);
  return sum;
};
