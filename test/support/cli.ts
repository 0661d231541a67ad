import { runTs } from './run-ts.js';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `perennial` with these arguments in a process of its own, to its end. */
export const perennial = async (...args: readonly string[]): Promise<CliResult> => {
  const child = runTs('apps/cli/main.ts', args);
  const { code } = await child.exited;
  return { code, stdout: child.lines.join('\n'), stderr: child.stderr };
};
