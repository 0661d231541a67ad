import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** How long to wait before another attempt, and when to stop trying. */
export class Backoff {
  private pauseMs = FIRST_PAUSE_MS;
  private failingSince: number | undefined;

  constructor(private readonly giveUpAfterMs: number) {}

  succeeded = (): void => {
    this.pauseMs = FIRST_PAUSE_MS;
    this.failingSince = undefined;
  };

  /** Waits; or throws the failure again, when there has been nothing else for too long. */
  async failed(failure: unknown, signal: AbortSignal): Promise<void> {
    this.failingSince ??= Date.now();
    if (Date.now() - this.failingSince > this.giveUpAfterMs) throw failure;
    const pause = this.pauseMs;
    this.pauseMs = Math.min(2 * pause, LONGEST_PAUSE_MS);
    await delay(pause, undefined, { signal }).catch(() => {}); // aborted: whoever calls looks at the signal
  }
}
