import { basename, dirname, resolve } from 'node:path';
import { Command } from 'commander';
import type { BackupKind, Manifest } from '#apps/standalone/backup/manifest';
import { CliError } from '../cli-error.js';
import { lastStep } from '../steps.js';
import { onTarget, type TargetOptions, withTargetOptions } from '../target.js';
import { recordsTable } from '../terminal.js';

interface Options extends TargetOptions {
  readonly vault?: string;
  readonly json?: boolean;
}

type Made = Manifest & { readonly directory: string };

export const backupCommand = (): Command =>
  withTargetOptions(
    new Command('backup')
      .description(
        'Copies the events, and with --vault the keys of personal data, into directories of their own, while the ' +
          'server goes on. The ledger of erasures and the master key are in neither: see docs/how-to/backup.md.',
      )
      .argument(
        '[directory]',
        "for the events; with --url a name below the server's PERENNIAL_BACKUP_DIRECTORY",
      )
      .option('--vault <directory>', 'for the key vault; alone, or after the events')
      .option('--json', 'print JSON'),
  ).action(async (directory: string | undefined, options: Options) => {
    // The vault last: then it has the keys of all events.
    const wanted: (readonly [BackupKind, string])[] = [];
    if (directory !== undefined) wanted.push(['data', directory]);
    if (options.vault !== undefined) wanted.push(['vault', options.vault]);
    if (wanted.length === 0)
      throw new CliError('Name a directory for the events, or one with --vault, or both.');
    demandNames(
      wanted.map(([, where]) => where),
      options,
    );
    const made: Made[] = [];
    for (const [kind, where] of wanted) made.push(await make(kind, where, options));
    if (options.json) process.stdout.write(`${JSON.stringify(made)}\n`);
    else process.stdout.write(`${recordsTable(made.map(shown))}\n`);
  });

/** Before the first is made. An empty one, of a shell variable that is not set, would be the current directory. */
const demandNames = (names: readonly string[], { url }: Options): void => {
  for (const name of names) {
    if (name === '') throw new CliError('The name of a backup is empty.');
    if (url && basename(resolve(name)) !== name)
      throw new CliError(
        `With --url a backup is a name, not a path like ${name}: the server writes it below its PERENNIAL_BACKUP_DIRECTORY.`,
      );
  }
};

const make = (kind: BackupKind, where: string, options: Options): Promise<Made> => {
  const path = `/v1/admin/backups/${encodeURIComponent(basename(resolve(where)))}?of=${kind}`;
  return onTarget({ ...options, ...(options.url ? {} : { backups: dirname(resolve(where)) }) }, (target) =>
    lastStep<Made>(target, path, 'backup'),
  );
};

const shown = ({ kind, directory, position, files, begunAt, endedAt }: Made) => ({
  backup: kind === 'data' ? 'events' : 'key vault',
  directory,
  position,
  bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  seconds: (Date.parse(endedAt) - Date.parse(begunAt)) / 1000,
});
