import { PerennialError } from '#eventing/errors';
import type { Logger } from '#platform/logging';
import type { Leadership } from '#postgres/leadership';
import { BackOff, mayPass } from './back-off.js';
import type { ProcessRunner } from './process-runner.js';

/** What a leader does. */
export interface Work {
  readonly runner: ProcessRunner;
}

/**
 * Whoever leads works, the other processes stand by. A process that no longer leads stops at once and stands by again.
 * It may learn late of its end: until then its successor and it do the same, which is known by its command ids, and
 * only one of them moves the checkpoint.
 */
export class LeaderTurns<W extends Work> {
  /** Of this process; undefined while it stands by. */
  current: W | undefined;
  /** Ends when it is stopped; fails with an unknown error. */
  readonly done: Promise<void>;
  private readonly stopping = new AbortController();

  constructor(
    private readonly leadership: Leadership,
    /** Goes on where the checkpoint says. */
    private readonly begin: () => Promise<W>,
    private readonly log: Logger,
  ) {
    this.done = this.run();
    // Whoever does not look at `done` learns of a failure from the log.
    this.done.catch(() => {});
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.done.catch(() => undefined);
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    const backOff = new BackOff(signal);
    while (!signal.aborted) {
      const term = await this.leadership.acquire(signal);
      if (!term) return;
      this.log.info('This process leads the background processes');
      try {
        await this.work(AbortSignal.any([term.lost, signal]));
        backOff.reset();
      } catch (error) {
        if (!isDeposition(error)) throw error;
        this.current = undefined;
        this.log.warn({ err: error }, 'This process stands by: it does not lead the background processes');
        await backOff.pause();
      } finally {
        await term.end();
      }
      this.current = undefined;
    }
  }

  private async work(ended: AbortSignal): Promise<void> {
    this.current = await this.begin();
    const { runner } = this.current;
    const stop = (): void => void runner.stop();
    if (ended.aborted) stop();
    else ended.addEventListener('abort', stop, { once: true });
    await runner.done;
  }
}

/** Another process has gone on, or what keeps the checkpoint is out of reach. */
export const isDeposition = (error: unknown): boolean =>
  mayPass(error) || (error instanceof PerennialError && error.code === 'checkpoint-moved');
