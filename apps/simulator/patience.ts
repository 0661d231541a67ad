import { setTimeout as delay } from 'node:timers/promises';
import { PerennialError } from '#eventing/errors';

/** The play came to a standstill for so long that it gave up. */
export class PlayGivenUp extends PerennialError {
  constructor(ms: number, reason: string) {
    super('unavailable', 'play-given-up', `Nothing went on for ${Math.round(ms / 1000)} s: ${reason}`);
  }
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/** How long somebody who is not answered asks again, and how often; told once each time it begins. */
export class Patience {
  private since: number | undefined;
  private pause = FIRST_PAUSE_MS;

  constructor(
    private readonly ms: number,
    private readonly waiting: (reason: string) => void,
  ) {}

  /** Something went on. */
  restore(): void {
    this.since = undefined;
    this.pause = FIRST_PAUSE_MS;
  }

  /** Waits before the next attempt. @throws PlayGivenUp when nothing has gone on for too long */
  async wait(reason: string): Promise<void> {
    if (this.since === undefined) {
      this.since = Date.now();
      this.waiting(reason);
    }
    const waited = Date.now() - this.since;
    if (waited > this.ms) throw new PlayGivenUp(waited, reason);
    await delay(this.pause);
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE_MS);
  }
}
