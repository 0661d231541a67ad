import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

export interface LaunchOptions {
  /** The file that everything it writes is appended to. */
  readonly log: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As whom it runs; left out: as whoever runs this. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Log {
  readonly file: string;
  /** Where this run's lines begin. */
  readonly from: number;
}

const SHOWN_BYTES = 4_000;

/** A process that does not outlive the one that launched it, however that one ends. */
export class LaunchedProcess {
  readonly exited: Promise<Exit>;
  private exit: Exit | undefined;
  private readonly guard: ChildProcess;

  constructor(
    private readonly child: ChildProcess,
    private readonly log: Log,
  ) {
    this.guard = guardOf(child.pid!);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.exit = { code, signal };
        // Before its end it would kill whoever has the number of the process by then.
        this.guard.kill('SIGKILL');
        resolve(this.exit);
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** How it ended, if it has. */
  get ended(): Exit | undefined {
    return this.exit;
  }

  /** What it has written itself, the last of it: the log holds those before it too. */
  endOfLog(): string {
    const { file, from } = this.log;
    const log = openSync(file, 'r');
    try {
      const { size } = fstatSync(log);
      const start = Math.max(from, size - SHOWN_BYTES);
      const bytes = Buffer.alloc(Math.max(0, size - start));
      return bytes.toString('utf8', 0, readSync(log, bytes, 0, bytes.length, start));
    } finally {
      closeSync(log);
    }
  }

  /** Sends a signal, if it still runs. */
  signal(signal: NodeJS.Signals): void {
    if (!this.exit) this.child.kill(signal);
  }

  /** Ends it and waits until it is gone; kills it when that takes too long. */
  async end(signal: NodeJS.Signals, withinMs: number): Promise<Exit> {
    this.signal(signal);
    // One that is stopped would hear nothing.
    this.signal('SIGCONT');
    const timer = setTimeout(() => this.signal('SIGKILL'), withinMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }
}

/** A shell that waits for the end of this process, which closes its standard input, to kill the other one. */
const guardOf = (pid: number): ChildProcess => {
  const guard = spawn('sh', ['-c', 'cat > /dev/null; kill -9 "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.stdin?.on('error', () => {});
  return guard;
};

/** @throws Error when there is no such program */
export const launch = async (
  command: string,
  args: readonly string[],
  { log, cwd, env, uid, gid }: LaunchOptions,
): Promise<LaunchedProcess> => {
  const file = openSync(log, 'a', 0o600);
  try {
    const from = fstatSync(file).size;
    // A session of its own: Ctrl-C reaches only the process that knows in which order to stop the others.
    const child = spawn(command, args, {
      cwd,
      env: env as NodeJS.ProcessEnv,
      uid,
      gid,
      stdio: ['ignore', file, file],
      detached: true,
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return new LaunchedProcess(child, { file: log, from });
  } finally {
    closeSync(file);
  }
};
