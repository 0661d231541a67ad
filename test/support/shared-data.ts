import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe } from '@jest/globals';

const root = resolve(import.meta.dirname, '../..');

/**
 * The path of a public data set, for instance `sharedData('hillstrom/hillstrom.csv')`; undefined when it is not on
 * this machine. The folder is `../shared/data` beside the repository, or `PERENNIAL_DATA`.
 * @throws Error with CI=true when it is missing: there the suites that need it must run
 */
export const sharedData = (file: string): string | undefined => {
  const path = join(process.env.PERENNIAL_DATA ?? join(root, '../shared/data'), file);
  if (existsSync(path)) return path;
  if (process.env.CI === 'true') throw new Error(`The data set ${path} is missing; set PERENNIAL_DATA.`);
  return undefined;
};

/** A suite on a public data set; where that is absent it is skipped and its name says why. */
export const describeWithData = (name: string, file: string, suite: (path: string) => void): void => {
  const path = sharedData(file);
  if (path) describe(name, () => suite(path));
  else describe.skip(`${name} (skipped: ${file} is not there, set PERENNIAL_DATA)`, () => suite(''));
};
