import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '#statistics/random';
import { runTs, type TsProcess } from '#test/support/run-ts';
import type { Server } from './standalone-client.js';

const STANDBY = new URL('./standalone.standby.ts', import.meta.url).href;
/** The machine may be busy with other things. */
const START_TIMEOUT_MS = 120_000;
/** So often it is killed while it starts. */
const WHILE_STARTING = 0.2;
const LONGEST_START_MS = 2_500;
const LONGEST_LIFE_MS = 900;

/** The server as its users start it, on one data directory, killed and started again. */
export class KilledServer implements Server {
  kills = 0;
  private running: TsProcess | undefined;
  private next: TsProcess;
  private answering = deferred<string>();
  private answered = false;

  constructor(
    private readonly dir: string,
    private readonly random: Random,
  ) {
    this.next = this.standBy();
  }

  url(): Promise<string> {
    return this.answering.promise;
  }

  /** Starts it, lets it live for a while and kills it: at any moment, also before it answers. */
  async liveAndDie(): Promise<void> {
    const process = await this.begin();
    const early = this.random.uniform() < WHILE_STARTING;
    const moment = this.random.uniform();
    if (!early) await this.answers(process);
    await delay(moment * (early ? LONGEST_START_MS : LONGEST_LIFE_MS));
    if (process.child.exitCode !== null) throw new Error(`the server ended by itself:\n${process.stderr}`);
    // Whoever waits for it, because it has not answered yet, goes on waiting.
    if (this.answered) this.answering = deferred();
    this.answered = false;
    await process.kill('SIGKILL');
    this.kills += 1;
  }

  /** Starts it for good. */
  async live(): Promise<void> {
    await this.answers(await this.begin());
  }

  /** As its user ends it. */
  async stop(): Promise<void> {
    this.running?.child.kill('SIGTERM');
    await this.running?.finished(START_TIMEOUT_MS);
  }

  /** Leaves nothing behind, whatever happened. */
  async end(): Promise<void> {
    this.answering.reject(new Error('the server is not started again'));
    await Promise.all([this.next.kill(), this.running?.kill()]);
  }

  private async begin(): Promise<TsProcess> {
    const process = this.next;
    await process.waitForLine(/^standing by$/, { timeoutMs: START_TIMEOUT_MS });
    this.running = process;
    this.next = this.standBy();
    process.send('go');
    return process;
  }

  private async answers(process: TsProcess): Promise<void> {
    const line = await process.waitForLine(/answers at/, { timeoutMs: START_TIMEOUT_MS });
    this.answered = true;
    this.answering.resolve(/http:\S+\d/.exec(line)?.[0] as string);
  }

  private standBy(): TsProcess {
    return runTs('apps/standalone/main.ts', ['--data', this.dir, '--port', '0'], {
      nodeArgs: ['--import', STANDBY],
      env: { PERENNIAL_LOG_LEVEL: 'error' },
    });
  }
}

const deferred = <T>() => {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {}); // whoever waits for it sees it
  return { promise, resolve, reject };
};
