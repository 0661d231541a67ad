import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '#platform/logging';
import { isPassing } from './engine-errors.js';

/** What keeps landing waiting. */
export interface Trouble {
  /** In milliseconds since 1970. */
  readonly since: number;
  readonly reason: string;
}

/** It was to stop while the warehouse did not answer; what was begun is left to whoever comes next. */
export class Abandoned extends Error {}

const FIRST_BACK_OFF_MS = 100;
const LONGEST_BACK_OFF_MS = 5000;
/** A failure that lasts is told again after so long. */
const LOG_EVERY_MS = 30_000;

/** Tries again what may pass, more and more rarely, for as long as it takes. */
export class Patience {
  private readonly troubles = new Set<Trouble>();

  constructor(
    private readonly log: Logger,
    private readonly signal: AbortSignal,
    private readonly changed: () => void,
  ) {}

  /** What has been waited for longest; undefined when nothing is. */
  get trouble(): Trouble | undefined {
    return [...this.troubles][0];
  }

  /**
   * @param attempt gets its number and the failure before
   * @throws Abandoned when it is to stop, and at once what does not pass
   */
  async until<Result>(attempt: (number: number, failure: unknown) => Promise<Result>): Promise<Result> {
    let trouble: Trouble | undefined;
    let failure: unknown;
    let loggedAt = Number.NEGATIVE_INFINITY;
    try {
      for (let number = 1; ; number++) {
        try {
          const result = await attempt(number, failure);
          if (trouble) this.log.info({ attempts: number, since: new Date(trouble.since) }, 'Landing goes on');
          return result;
        } catch (error) {
          if (!isPassing(error)) throw error;
          if (this.signal.aborted) throw new Abandoned('stopped meanwhile', { cause: error });
          failure = error;
        }
        trouble = this.put(trouble, failure as Error);
        if (performance.now() >= loggedAt + LOG_EVERY_MS) {
          loggedAt = performance.now();
          this.log.warn(
            { err: failure, attempts: number },
            'Landing waits for the warehouse and tries again',
          );
        }
        const pause = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(number - 1, 10));
        await delay(pause, undefined, { signal: this.signal }).catch(() => {});
      }
    } finally {
      if (trouble) this.troubles.delete(trouble);
      this.changed();
    }
  }

  private put(before: Trouble | undefined, { message }: Error): Trouble {
    if (before) this.troubles.delete(before);
    const trouble = { since: before?.since ?? Date.now(), reason: message };
    this.troubles.add(trouble);
    this.changed();
    return trouble;
  }
}
