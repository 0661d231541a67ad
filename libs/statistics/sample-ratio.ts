import chiSquareCdf from '@stdlib/stats-base-dists-chisquare-cdf';
import { DegenerateData, InvalidInput } from './errors.js';

export interface SampleRatioCheck {
  readonly chiSquare: number;
  readonly degreesOfFreedom: number;
  readonly pValue: number;
  /** The arms are not of the planned sizes: whatever made them so may also make the difference in outcomes. */
  readonly alarm: boolean;
}

/** Strict, because the check is made on every report. */
export const SAMPLE_RATIO_ALARM = 0.001;

/**
 * Whether the arms have the sizes that were planned (sample ratio mismatch), by Pearson's chi-square.
 * @param arms at least two; `n` whole numbers >= 0, `share` > 0 in any unit
 * @throws DegenerateData `empty-arm` when nobody was assigned
 * @throws InvalidInput `impossible-argument`
 * Source: Fabijan et al., Diagnosing Sample Ratio Mismatch in Online Controlled Experiments, KDD 2019.
 */
export const sampleRatioCheck = (
  arms: readonly { readonly n: number; readonly share: number }[],
): SampleRatioCheck => {
  if (arms.length < 2) throw new InvalidInput('impossible-argument', 'It takes two arms to compare sizes.');
  for (const { n, share } of arms)
    if (!(n >= 0 && share > 0 && Number.isFinite(n) && Number.isFinite(share)))
      throw new InvalidInput('impossible-argument', `An arm of ${n} customers has the share ${share}.`);
  const customers = arms.reduce((sum, { n }) => sum + n, 0);
  const shares = arms.reduce((sum, { share }) => sum + share, 0);
  if (customers === 0) throw new DegenerateData('empty-arm', 'Nobody was assigned to any arm.');
  const chiSquare = arms.reduce((sum, { n, share }) => {
    const expected = (customers * share) / shares;
    return sum + (n - expected) ** 2 / expected;
  }, 0);
  const degreesOfFreedom = arms.length - 1;
  const pValue = 1 - chiSquareCdf(chiSquare, degreesOfFreedom);
  return { chiSquare, degreesOfFreedom, pValue, alarm: pValue < SAMPLE_RATIO_ALARM };
};
