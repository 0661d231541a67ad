import { requireWithin } from './errors.js';

/**
 * p-values adjusted for asking several questions at once: rejecting those below a level keeps the chance of any
 * false rejection below it, however the tests depend on each other.
 * @param pValues each in [0, 1]
 * @returns adjusted p-values in the order given, each >= its own and <= 1
 * @throws InvalidInput `impossible-argument`
 * Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Statist. 6 (1979).
 */
export const holm = (pValues: readonly number[]): number[] => {
  for (const pValue of pValues) requireWithin('a p-value', pValue, 0, 1);
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = new Array<number>(pValues.length);
  let most = 0;
  order.forEach((i, rank) => {
    most = Math.max(most, Math.min(1, pValues[i]! * (pValues.length - rank)));
    adjusted[i] = most;
  });
  return adjusted;
};
