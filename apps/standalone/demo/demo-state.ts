import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory, OWNER_ONLY } from '#platform/data-directory';

/** How far the demonstration in a directory has come, and of which company it is. */
export interface DemoState {
  readonly seed: number;
  readonly customers: number;
  /** The two years that are played: those that ended on the day before the first start. */
  readonly from: string;
  readonly to: string;
  /** Commands in all. */
  readonly commands: number;
  /** So many of them were acknowledged. */
  readonly played: number;
  readonly modelled: boolean;
}

/** What the command line says of the company; what it leaves out is as it was. */
export interface Wanted {
  readonly seed?: number;
  readonly customers?: number;
}

export class DemoRefused extends Error {
  override readonly name = 'DemoRefused';
}

const FILE = 'demo.json';

/**
 * @returns undefined where no demonstration was begun
 * @throws DemoRefused for a directory that holds something else, or a demonstration of another company
 */
export const readDemoState = (directory: string, wanted: Wanted): DemoState | undefined => {
  const file = join(directory, FILE);
  if (!existsSync(file)) {
    if (existsSync(directory) && readdirSync(directory).length > 0)
      throw new DemoRefused(
        `${directory} holds something else than a demonstration: choose another with --data.`,
      );
    return undefined;
  }
  const state = JSON.parse(readFileSync(file, 'utf8')) as DemoState;
  for (const what of ['seed', 'customers'] as const)
    if (wanted[what] !== undefined && wanted[what] !== state[what])
      throw new DemoRefused(
        `${directory} holds a demonstration with --${what} ${state[what]}, not ${wanted[what]}: remove it, or choose another directory with --data.`,
      );
  return state;
};

/** Put into place whole, so that a crash leaves the one before or this one. */
export const writeDemoState = (directory: string, state: DemoState): void => {
  makeDirectory(directory, OWNER_ONLY);
  const draft = join(directory, `${FILE}.draft`);
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(draft, join(directory, FILE));
};
