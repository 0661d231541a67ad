import type { HowToClose } from './draining.js';

export interface Service {
  /** Where it answers. */
  readonly url: string;
  /** Where its documentation is, when whoever started it is to be told. */
  readonly documentation?: string;
  /** Fails when a part fails: the process must end, and goes on from its checkpoints when it is started again. */
  readonly failed: Promise<never>;
  /** Ends what is under way and closes the stores. */
  close(how?: HowToClose): Promise<void>;
}

/** Serves until SIGINT or SIGTERM, then closes; fails, after closing what can be closed, when a part fails. */
export const untilStopped = async (service: Pick<Service, 'failed' | 'close'>): Promise<void> => {
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  try {
    await Promise.race([stopped, service.failed]);
  } finally {
    await service.close();
  }
};
