import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from './cli-error.js';

/**
 * Whoever reads, or changes what is there, does not begin a data directory: a mistyped path would be answered as if
 * nothing had ever happened.
 */
export const demandData = (directory: string): void => {
  if (existsSync(join(directory, 'events.db'))) return;
  throw new CliError(
    `${existsSync(directory) ? `${directory} holds no Perennial data (no events.db)` : `There is no ${directory}`}: ` +
      'name the data directory with --data, or a running server with --url. A server that is started makes a new one, ' +
      'and so does perennial import.',
  );
};

/** A shell variable that is not set leaves an option empty: that is not to mean the default. */
export const demandNotEmpty = (options: Readonly<Record<string, string | undefined>>): void => {
  for (const [name, value] of Object.entries(options))
    if (value === '') throw new CliError(`${name} is empty: name one, or leave the option out.`);
};
