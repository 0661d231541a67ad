/**
 * Values of a smooth function of the tenure T at many T, from its values at few: Chebyshev interpolation in
 * ln(T + scale), where the figures of the purchase models are analytic in a strip of the complex plane, so that the
 * error falls geometrically with the number of nodes. Exact to about twelve digits.
 * @param f smooth for T > −scale, and >= 0 for T >= 0
 * @param T at least one time >= 0, all finite
 * @returns f at each T
 * Source: Berrut & Trefethen, Barycentric Lagrange Interpolation, SIAM Review 46 (2004), equations (4.2) and (5.4).
 */
export const overTenure = (f: (T: number) => number, T: Float64Array, scale: number): Float64Array => {
  const least = T.reduce((low, value) => Math.min(low, value));
  const most = T.reduce((high, value) => Math.max(high, value));
  const centre = (Math.log(least + scale) + Math.log(most + scale)) / 2;
  const reach = (Math.log(most + scale) - Math.log(least + scale)) / 2;
  const count = nodesFor(reach);
  if (2 * count > T.length) return T.map(f);
  const points = Float64Array.from({ length: count + 1 }, (_, k) => Math.cos((k * Math.PI) / count));
  const values = points.map((point, k) => {
    if (k === 0) return f(most);
    if (k === count) return f(least);
    return f(Math.exp(centre + reach * point) - scale);
  });
  // What is small beside the rest must not drown in rounding, and come out below zero.
  const floor = values.reduce((low, value) => Math.min(low, value)) / 2;
  return T.map((time) => {
    const value = interpolated(points, values, (Math.log(time + scale) - centre) / reach);
    return Math.max(floor, value);
  });
};

/** Half the strip's width: with many purchases the functions grow steeply in its outer half. */
const STRIP = Math.PI / 2;

const nodesFor = (reach: number): number => {
  const ellipse = STRIP / reach + Math.sqrt(1 + (STRIP / reach) ** 2);
  return Math.ceil(32 / Math.log(ellipse)) + 2;
};

const interpolated = (points: Float64Array, values: Float64Array, at: number): number => {
  const last = points.length - 1;
  let above = 0;
  let below = 0;
  for (let k = 0; k <= last; k++) {
    const distance = at - points[k]!;
    if (Math.abs(distance) < 1e-14) return values[k]!;
    const weight = ((k & 1 ? -1 : 1) * (k === 0 || k === last ? 0.5 : 1)) / distance;
    above += weight * values[k]!;
    below += weight;
  }
  return above / below;
};
