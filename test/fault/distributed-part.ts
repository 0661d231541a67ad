import { createWriteStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Exit, type LaunchedProcess, launch } from '#apps/distributed/servers/launched-process';
import { packageRoot } from '#platform/package-root';
import { runTs } from '#test/support/run-ts';

/** What the schedule of faults can do to a part of the set, whatever runs it. */
export interface Part {
  readonly name: string;
  /** Ends it at once; returns when it is gone. */
  kill(): Promise<void>;
  /** Stops and continues it; it does not notice. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void | Promise<void>;
  /** Starts it, if it does not run; returns when it answers. */
  start(): Promise<void>;
  /** Ends it as an operator does. */
  stop(): Promise<void>;
}

const START_ATTEMPTS = 3;

interface Server {
  readonly exited: Promise<Exit>;
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A server that its own starter knows how to start again. It must never end by itself. */
export const serverPart = (name: string, server: Server, onEnd: (end: EndedByItself) => void): Part => {
  let wanted = true;
  const watch = () => {
    const begun = Date.now();
    const { exited } = server;
    void exited.then(({ code, signal }) => {
      if (wanted) onEnd({ name, code, signal, livedMs: Date.now() - begun, said: '' });
    });
  };
  watch();
  return {
    name,
    kill: () => {
      wanted = false;
      return server.kill('SIGKILL');
    },
    signal: (signal) => server.kill(signal),
    start: async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          await server.restart();
          break;
        } catch (error) {
          // Other faults go on while it starts, and it may be too slow for its starter.
          if (attempt === START_ATTEMPTS) throw error;
        }
      }
      wanted = true;
      watch();
    },
    stop: () => {
      wanted = false;
      return server.stop();
    },
  };
};

/** A process as it is started: by the launcher of the product, or from a file of the tests. */
type Running = Pick<LaunchedProcess, 'exited' | 'ended' | 'signal' | 'end'> & {
  /** Says a line to it, where it listens. */
  order?(line: string): void;
  /** What it has answered so far. */
  readonly lines?: readonly string[];
};

/** A program of the product, as it is built. */
export const built =
  (script: string, env: Readonly<Record<string, string>>, log: string) => (): Promise<Running> =>
    launch(process.execPath, [join(packageRoot(), 'dist', script)], {
      log,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    });

/** A program of the tests, which listens to orders. */
export const fromSource =
  (script: string, args: readonly string[], log: string) => async (): Promise<Running> => {
    const child = runTs(script, args);
    const file = createWriteStream(log, { flags: 'a' });
    child.child.stdout?.pipe(file);
    child.child.stderr?.pipe(file);
    let ended: Exit | undefined;
    void child.exited.then((exit) => {
      ended = exit;
    });
    return {
      exited: child.exited,
      get ended() {
        return ended;
      },
      signal: (signal) => void child.child.kill(signal),
      end: async (signal) => child.kill(signal),
      order: (line) => child.send(line),
      lines: child.lines,
    };
  };

export interface ProcessOptions {
  readonly name: string;
  readonly launch: () => Promise<Running>;
  /** Where what it writes is appended. */
  readonly log: string;
  /** Fails as long as it does not answer. */
  readonly answers: () => Promise<unknown>;
  /** Told when it ended although nobody had ended it; it is started again. */
  readonly onEnd: (end: EndedByItself) => void;
}

export interface EndedByItself {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly livedMs: number;
  /** What it wrote last. */
  readonly said: string;
}

const START_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 15_000;
const ASK_EVERY_MS = 50;
/** Before a process that ended by itself is started again. */
const AGAIN_AFTER_MS = 300;
const TAIL = 3_000;

/** A process of node, kept as an operator's supervisor keeps it: whatever ends it, it is started again. */
export class ProcessPart implements Part {
  readonly name: string;
  /** How it ended when it was last told to. */
  stopped: { readonly code: number | null; readonly ms: number } | undefined;
  private running: Running | undefined;
  private wanted = false;
  /** The process that has answered. */
  private answered: Running | undefined;

  constructor(private readonly options: ProcessOptions) {
    this.name = options.name;
  }

  /** Whether it is meant to run. */
  get isWanted(): boolean {
    return this.wanted;
  }

  /** Whether it has answered since it was started. */
  get isUp(): boolean {
    return this.wanted && this.answered !== undefined && !this.answered.ended;
  }

  async kill(): Promise<void> {
    this.wanted = false;
    await this.running?.end('SIGKILL', 0);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.running?.signal(signal);
  }

  /** What the process that runs has answered so far, where it was told something. */
  get lines(): readonly string[] {
    return this.running?.lines ?? [];
  }

  /** Says a line to it, if it runs. */
  order(line: string): void {
    if (this.running && !this.running.ended) this.running.order?.(line);
  }

  async start(): Promise<void> {
    if (!this.wanted) await this.launch();
    const deadline = Date.now() + START_WITHIN_MS;
    while (this.wanted && !this.isUp) {
      if (Date.now() > deadline)
        throw new Error(`${this.name} does not answer ${START_WITHIN_MS} ms after its start`);
      await delay(ASK_EVERY_MS);
    }
  }

  /** Starts it without waiting until it answers. */
  async launch(): Promise<void> {
    this.wanted = true;
    const begun = Date.now();
    const started = await this.options.launch();
    this.running = started;
    const { name, log, onEnd } = this.options;
    void this.untilAnswers(started);
    void started.exited.then(async ({ code, signal }) => {
      if (!this.wanted || this.running !== started) return;
      onEnd({
        name,
        code,
        signal,
        livedMs: Date.now() - begun,
        said: readFileSync(log, 'utf8').slice(-TAIL),
      });
      await delay(AGAIN_AFTER_MS);
      if (this.wanted && this.running === started) await this.launch();
    });
  }

  async stop(): Promise<void> {
    this.wanted = false;
    const begun = Date.now();
    const exit = await this.running?.end('SIGTERM', STOP_WITHIN_MS);
    this.stopped = { code: exit?.code ?? null, ms: Date.now() - begun };
  }

  private async untilAnswers(started: Running): Promise<void> {
    while (this.running === started && !started.ended) {
      const answers = await this.options.answers().then(
        () => true,
        () => false,
      );
      if (answers) {
        this.answered = started;
        return;
      }
      await delay(ASK_EVERY_MS);
    }
  }
}
