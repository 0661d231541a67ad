import { setTimeout as delay } from 'node:timers/promises';
import type { LaunchedProcess } from './launched-process.js';
import { StartFailure } from './start-failure.js';

const ASK_EVERY_MS = 50;

/**
 * Asks a server that is starting until it answers.
 * @throws StartFailure with the end of its log, when it ends or the time is up first; it runs no more then
 */
export const untilAnswers = async (
  name: string,
  started: LaunchedProcess,
  withinMs: number,
  ask: () => Promise<void>,
): Promise<void> => {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const reason = await ask().then(
      () => undefined,
      (error: Error) => error.message,
    );
    // Somebody else may be answering at its port.
    if (started.ended) throw new StartFailure(`${name} ended while it was starting:\n${started.endOfLog()}`);
    if (reason === undefined) return;
    if (Date.now() > deadline) {
      await started.end('SIGKILL', 0);
      throw new StartFailure(
        `${name} does not answer after ${withinMs} ms (${reason}):\n${started.endOfLog()}`,
      );
    }
    await delay(ASK_EVERY_MS);
  }
};
