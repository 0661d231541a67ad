import { setTimeout as delay } from 'node:timers/promises';
import { PerennialError } from '#eventing/errors';
import { isPassing } from '#warehouse/landing/engine-errors';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 10_000;

/** Longer and longer pauses between attempts that fail one after the other. */
export class BackOff {
  private failures = 0;

  constructor(private readonly signal: AbortSignal) {}

  /** Said after a success. */
  reset(): void {
    this.failures = 0;
  }

  /** Ends at once when the process is to stop. */
  async pause(): Promise<void> {
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    this.failures += 1;
    await delay(pause, undefined, { signal: this.signal }).catch(() => undefined);
  }
}

/** A failure that is nobody's fault: a store out of reach, or others who were faster time and again. */
export const mayPass = (error: unknown): boolean =>
  error instanceof PerennialError
    ? error.kind === 'unavailable' || error.kind === 'precondition-failed'
    : isPassing(error);
