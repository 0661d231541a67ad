import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;

export const percentile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] as number;

/** Seconds that some work takes. */
export const timed = async (work: () => unknown): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};

/** A folder for the time of some work. */
export const inFolder = async <Result>(work: (dir: string) => Promise<Result>): Promise<Result> => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-bench-'));
  try {
    return await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

export const report = (what: string, figure: string, goal = ''): void =>
  console.log(`${what.padEnd(58)} ${figure.padStart(16)}${goal && `   (${goal})`}`);

export const perSecond = (value: number): string => `${Math.round(value).toLocaleString('en')}/s`;
