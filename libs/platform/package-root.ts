import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | undefined;

/** The folder of our package.json, the same whether this runs from the sources or from dist. */
export const packageRoot = (): string => {
  root ??= above(dirname(fileURLToPath(import.meta.url)));
  return root;
};

/** The version that stands in package.json. */
export const version = (): string => readPackage(packageRoot()).version;

const above = (folder: string): string => {
  if (existsSync(join(folder, 'package.json')) && readPackage(folder).name === 'perennial') return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`No package.json of perennial above ${import.meta.url}.`);
  return above(parent);
};

const readPackage = (folder: string): { name: string; version: string } =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
