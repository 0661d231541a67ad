import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '#platform/package-root';

/** A built program that prints where it answers, in a process of its own. */
export interface BuiltServer {
  readonly url: string;
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

export const startBuilt = async (script: string, args: readonly string[]): Promise<BuiltServer> => {
  const child = spawn(process.execPath, [join(packageRoot(), script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PERENNIAL_LOG_LEVEL: 'error' },
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /http:\/\/\S+?(?=[;\s]|$)/.exec(line)?.[0];
      if (found) resolve(found);
    });
    child.once('close', () => reject(new Error(`${script} ended before it answered`)));
  });
  return {
    url,
    child,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
};

export const startPerennial = (dir: string): Promise<BuiltServer> =>
  startBuilt('dist/apps/standalone/main.js', ['--port', '0', '--data', dir]);
