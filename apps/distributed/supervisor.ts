import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { RestartableServer } from './servers/node-service.js';

const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** Whoever ran that long is started again at once when it ends. */
const STEADY_MS = 30_000;

/** Starts again whoever ends without having been told to, as an orchestrator would. */
export class Supervisor {
  private readonly stopping = new AbortController();

  constructor(private readonly say: (text: string) => void) {
    // One for each that is watched, and one for each that pauses.
    setMaxListeners(0, this.stopping.signal);
  }

  watch(name: string, server: RestartableServer): void {
    void this.keepUp(name, server);
  }

  /** From now on nobody is started again. */
  release(): void {
    this.stopping.abort();
  }

  private async keepUp(name: string, server: RestartableServer): Promise<void> {
    const { signal } = this.stopping;
    const released = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    for (let pause = SHORTEST_PAUSE_MS; ; ) {
      const since = Date.now();
      const exit = await Promise.race([server.exited, released]);
      if (!exit || signal.aborted) return;
      if (Date.now() - since > STEADY_MS) pause = SHORTEST_PAUSE_MS;
      this.say(`${name} ended by itself (${exit.signal ?? `exit code ${exit.code}`}); it is started again.`);
      pause = await this.startAgain(name, server, pause);
      if (signal.aborted) return;
    }
  }

  /** @returns how long to wait the next time */
  private async startAgain(name: string, server: RestartableServer, first: number): Promise<number> {
    const { signal } = this.stopping;
    for (let pause = first; ; ) {
      await delay(pause, undefined, { signal }).catch(() => {});
      if (signal.aborted) return pause;
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
      try {
        await server.restart();
        this.say(`${name} runs again, as process ${server.pid}.`);
        return pause;
      } catch (error) {
        this.say(`${(error as Error).message}\n${name} is tried again in ${pause / 1000} s.`);
      }
    }
  }
}
