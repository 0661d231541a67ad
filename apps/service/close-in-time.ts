import type { Logger } from '#platform/logging';

/** Whoever stops a process waits about that long before killing it. */
const CLOSE_WITHIN_MS = 9_000;

/** Closes; when that takes too long the process ends all the same, as if it had been killed: it loses nothing. */
export const closeInTime = async (
  close: () => Promise<void>,
  log: Pick<Logger, 'error'>,
  withinMs = CLOSE_WITHIN_MS,
): Promise<void> => {
  const timer = setTimeout(() => {
    log.error({ seconds: withinMs / 1000 }, 'Did not close in time: ending all the same');
    // `process.exit` would wait for what runs in the embedded engine, for as long as it takes.
    process.kill(process.pid, 'SIGKILL');
  }, withinMs);
  try {
    await close();
  } finally {
    clearTimeout(timer);
  }
};
