import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '#platform/package-root';

const FOLDERS = ['apps', 'libs', 'infra', 'docs', 'test'];
/** Where the guides say that the server answers; here it answers on any free port. */
const DOCUMENTED = 'http://127.0.0.1:3000';
const SERVER = 'npm start';

export interface Printed {
  readonly stdout: string;
  /** Both streams as they came. */
  readonly all: string;
}

/** A copy of the repository in which somebody follows a guide. */
export class GuideWorkshop {
  readonly root = mkdtempSync(join(tmpdir(), 'perennial-'));
  private server: { readonly child: ChildProcess; readonly url: string } | undefined;

  constructor() {
    const origin = packageRoot();
    const files = readdirSync(origin, { withFileTypes: true }).filter((entry) => entry.isFile());
    for (const name of [...FOLDERS, ...files.map((entry) => entry.name)])
      cpSync(join(origin, name), join(this.root, name), {
        recursive: true,
        filter: (path) => !path.includes(join('test', 'bench', 'peers')),
      });
    this.linkPackages(join(origin, 'node_modules'));
    mkdirSync(join(this.root, 'tmp'));
  }

  /** One link for each package and not one for all, so that nothing that is written here is written there. */
  private linkPackages(packages: string): void {
    mkdirSync(join(this.root, 'node_modules'));
    for (const name of readdirSync(packages))
      symlinkSync(join(packages, name), join(this.root, 'node_modules', name));
  }

  /** Runs the lines of a `sh` block; `npm start` goes on in the background, in place of the one before. */
  async run(command: string): Promise<Printed> {
    if (command === SERVER) {
      await this.stopServer();
      return this.startServer();
    }
    if (!command.includes(DOCUMENTED)) await this.stopServer();
    const child = this.spawn(command.replaceAll(DOCUMENTED, this.server?.url ?? DOCUMENTED));
    const { printed, code } = await this.output(child);
    if (code !== 0) throw new Error(`it ended with ${code}:\n${command}\n${printed.all}`);
    return printed;
  }

  async close(): Promise<void> {
    await this.stopServer();
    rmSync(this.root, { recursive: true });
  }

  private async startServer(): Promise<Printed> {
    const child = this.spawn(SERVER);
    let all = '';
    const url = await new Promise<string>((resolve, reject) => {
      const look = (chunk: Buffer) => {
        all += chunk;
        const found = /answers at (http:\S+);/.exec(all)?.[1];
        if (found) resolve(found);
      };
      child.stdout!.on('data', look);
      child.stderr!.on('data', look);
      child.once('close', (code) => reject(new Error(`the server ended with ${code}:\n${all}`)));
    });
    this.server = { child, url };
    return { stdout: all, all };
  }

  /** As Ctrl-C does: the whole group is told. */
  private async stopServer(): Promise<void> {
    const child = this.server?.child;
    this.server = undefined;
    if (!child?.pid || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('close', resolve));
    process.kill(-child.pid, 'SIGINT');
    await ended;
  }

  private spawn(command: string): ChildProcess {
    // The parent is jest: its flags and its notion of NODE_ENV are not the reader's.
    const { NODE_OPTIONS: _flags, NODE_ENV: _jest, JEST_WORKER_ID: _worker, ...inherited } = process.env;
    return spawn('sh', ['-ec', command], {
      cwd: this.root,
      detached: true,
      env: { ...inherited, PORT: '0', TMPDIR: join(this.root, 'tmp'), CI: '', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  private output(child: ChildProcess): Promise<{ printed: Printed; code: number | null }> {
    let stdout = '';
    let all = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      all += text;
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      all += text;
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ printed: { stdout, all }, code }));
    });
  }
}
