import { describe } from '@jest/globals';

/** A suite that is skipped, and says why, when something is missing on this machine. */
export const describeUnless =
  (obstacle: () => string | undefined) =>
  (name: string, suite: () => void): void => {
    const reason = obstacle();
    if (reason === undefined) describe(name, suite);
    else {
      process.stderr.write(`Skipped, ${reason}: ${name}\n`);
      describe.skip(name, suite);
    }
  };
