import { setTimeout as delay } from 'node:timers/promises';
import { PerennialError } from '#eventing/errors';
import type { Logger } from '#platform/logging';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 3_000;
const GIVE_UP_AFTER_MS = 60_000;

/**
 * Opens something that another process serves, and waits a while for it: servers and applications are started
 * together.
 * @throws what it fails with, at once when that does not pass by waiting, otherwise after a minute
 */
export const whenAvailable = async <Opened>(
  open: () => Promise<Opened>,
  log: Logger,
  giveUpAfterMs = GIVE_UP_AFTER_MS,
): Promise<Opened> => {
  const giveUpAt = Date.now() + giveUpAfterMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await open();
    } catch (error) {
      const passes = error instanceof PerennialError && error.kind === 'unavailable';
      if (!passes || Date.now() + pause > giveUpAt) throw error;
      log.warn({ error: error.message }, 'Waits for something that it needs to start');
      await delay(pause);
    }
  }
};
