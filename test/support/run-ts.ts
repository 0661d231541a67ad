import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REGISTER = new URL('./ts-register.mjs', import.meta.url).href;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A TypeScript file of the repository running in a process of its own, for tests that kill processes. */
export class TsProcess {
  /** What it has written so far, line by line. */
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  private errors = '';
  private readonly wakeUps = new Set<() => void>();
  private exit: Exit | undefined;

  constructor(readonly child: ChildProcess) {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      this.lines.push(line);
      this.wake();
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.errors = (this.errors + text).slice(-20_000);
    });
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      // `close` and not `exit`: by then everything it wrote has arrived.
      child.once('close', (code, signal) => {
        this.exit = { code, signal };
        this.wake();
        resolve(this.exit);
      });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The end of what it wrote to stderr. */
  get stderr(): string {
    return this.errors;
  }

  /** The first line, from the `from`th on, that matches; fails when the process ends or the time is up first. */
  async waitForLine(pattern: RegExp, { from = 0, timeoutMs = 20_000 } = {}): Promise<string> {
    const deadline = Date.now() + timeoutMs;
    for (let next = from; ; ) {
      while (next < this.lines.length) {
        const line = this.lines[next++]!;
        if (pattern.test(line)) return line;
      }
      if (this.exit) throw new Error(`ended before ${pattern}: ${JSON.stringify(this.exit)}\n${this.stderr}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no line ${pattern} in ${timeoutMs} ms\n${this.stderr}`);
      await this.changed(left);
    }
  }

  /** Sends a line to its stdin. */
  send(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  /** Ends it and waits until it is gone; harmless when it has already ended. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.child.kill(signal);
    return this.exited;
  }

  /** Waits for its end, which must be a clean one; kills it when the time is up. */
  async finished(timeoutMs = 20_000): Promise<void> {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    const exit = await this.exited;
    clearTimeout(timer);
    if (exit.code !== 0) throw new Error(`failed: ${JSON.stringify(exit)}\n${this.stderr}`);
  }

  private wake(): void {
    for (const wakeUp of this.wakeUps) wakeUp();
  }

  private changed(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wakeUps.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.wakeUps.add(done);
    });
  }
}

/**
 * Runs a TypeScript file with node, on the sources, without a build.
 * @param script absolute path or path from the repository's root
 */
export const runTs = (
  script: string,
  args: readonly string[] = [],
  {
    env = {},
    cwd = ROOT,
    nodeArgs = [],
  }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly cwd?: string;
    readonly nodeArgs?: readonly string[];
  } = {},
): TsProcess => {
  const path = script.startsWith('/') ? script : `${ROOT}${script}`;
  // The parent may be jest: its flags and its notion of NODE_ENV are not the child's.
  const { NODE_OPTIONS: _flags, NODE_ENV: _jest, JEST_WORKER_ID: _worker, ...inherited } = process.env;
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--enable-source-maps',
      '--no-warnings',
      '--import',
      REGISTER,
      ...nodeArgs,
      path,
      ...args,
    ],
    { cwd, env: { ...inherited, ...env }, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  // A child that died while it was being written to is seen by its exit, not by a broken pipe.
  child.stdin.on('error', () => {});
  return new TsProcess(child);
};
