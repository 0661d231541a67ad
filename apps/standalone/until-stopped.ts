import type { Server } from './server.js';

/** Serves until SIGINT or SIGTERM, then closes; fails, after closing what can be closed, when a part fails. */
export const untilStopped = async (server: Server): Promise<void> => {
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  try {
    await Promise.race([stopped, server.failed]);
  } finally {
    await server.close();
  }
};
