import { setTimeout as delay } from 'node:timers/promises';

const DOUBTS = 4;
const DOUBT_MS = 500;

/**
 * A broker that has just started may say for a moment that a partition ends earlier than it does. So what does not
 * fit with that counts only when it is still there after several looks.
 * @returns undefined as soon as a look finds nothing
 */
export const lastingProblem = async <Problem>(
  look: () => Promise<Problem | undefined>,
  pause: (ms: number) => Promise<unknown> = delay,
): Promise<Problem | undefined> => {
  for (let doubts = 0; ; doubts++) {
    const problem = await look();
    if (problem === undefined || doubts === DOUBTS) return problem;
    await pause(DOUBT_MS);
  }
};
