import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { PerennialError } from '#eventing/errors';

/**
 * The master key of an installation that configures none: read from `file`, or made there once, readable by its
 * owner only.
 * @param vaultFile when it exists, its master key existed once: none is made in its place
 * @throws PerennialError `master-key-missing`
 */
export const masterKeyFromFile = (
  file: string,
  vaultFile: string,
): { readonly base64: string; readonly made: boolean } => {
  if (existsSync(file)) return { base64: readFileSync(file, 'utf8').trim(), made: false };
  if (existsSync(vaultFile))
    throw new PerennialError(
      'refused',
      'master-key-missing',
      `The key vault ${vaultFile} is there, but its master key is not: neither PERENNIAL_MASTER_KEY nor ${file}. ` +
        'Restore the key (perennial restore takes it with --master-key); without it no personal data can be read.',
    );
  const base64 = randomBytes(32).toString('base64');
  writeDurably(file, `${base64}\n`);
  return { base64, made: true };
};

const writeDurably = (file: string, text: string): void => {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
};
