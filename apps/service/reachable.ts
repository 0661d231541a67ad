import type { PartCheck } from '#apps/command-api/health/health.module';

/** A part that is ready when it answers. */
export const reachable =
  (ask: () => Promise<unknown>): PartCheck =>
  async () => {
    await ask();
    return { ready: true };
  };
