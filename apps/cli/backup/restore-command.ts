import { Command } from 'commander';
import { CliError } from '../cli-error.js';
import { demandNotEmpty } from '../existing-data.js';
import { Progress } from '../terminal.js';
import type { Restored } from './restore.js';

interface Options {
  readonly data: string;
  readonly vault?: string | false;
  readonly ledger?: string | false;
  readonly withoutVault?: boolean;
  readonly withoutLedger?: boolean;
  readonly olderVault?: boolean;
  readonly masterKey?: string;
  readonly json?: boolean;
}

export const restoreCommand = (): Command =>
  new Command('restore')
    .description(
      'Makes a data directory from a backup: events, keys, and everything in the warehouse made from the events ' +
        'again. Who was erased since the backup is erased in it, and both stores are compared.',
    )
    .argument('<directory>', 'a backup of the events')
    .requiredOption('--data <directory>', 'the new data directory: not there yet, or empty')
    .option('--vault <directory>', 'a backup of the key vault that is not older than that of the events')
    .option('--without-vault', 'there is none: what is personal stays unreadable')
    .option('--older-vault', 'take the vault although it is older: later customers cannot be read')
    .option('--ledger <file>', 'the newest erasures.log there is: who was erased since the backup')
    .option('--without-ledger', 'there is none: who was erased since the backup can be read again')
    .option('--master-key <file>', 'the master.key of the vault, unless PERENNIAL_MASTER_KEY is set')
    .option('--json', 'print JSON')
    .action(async (directory: string, options: Options) => {
      demandNotEmpty({ '--data': options.data, '--master-key': options.masterKey });
      const vault = choice('--vault', options.vault, '--without-vault', options.withoutVault);
      const ledger = choice('--ledger', options.ledger, '--without-ledger', options.withoutLedger);
      const { restore } = await import('./restore.js');
      const progress = new Progress('restore');
      let restored: Restored;
      try {
        restored = await restore({
          ...{ directory, vault, ledger },
          ...{ data: options.data, masterKey: options.masterKey, olderVault: options.olderVault === true },
          step: (text) => progress.say(text),
        });
      } finally {
        progress.end();
      }
      process.stdout.write(`${options.json ? JSON.stringify(restored) : told(restored)}\n`);
      if (!restored.agrees || restored.notErased.length > 0) process.exitCode = 2;
    });

/** Leaving one out must be said: it is not to happen by forgetting it. */
const choice = (
  name: string,
  given: string | false | undefined,
  withoutName: string,
  without: boolean | undefined,
): string | undefined => {
  if (given && without) throw new CliError(`Give either ${name} or ${withoutName}, not both.`);
  if (!given && !without)
    throw new CliError(`Give ${name}, or say ${withoutName} and what that means (--help).`);
  return given || undefined;
};

const told = (restored: Restored): string =>
  [
    `${restored.data}: ${restored.events} events up to position ${restored.position}, restored in ${restored.seconds} s`,
    ...Object.entries(restored.kept).map(([table, rows]) => `  ${table}: ${rows} rows`),
    restored.erased === undefined
      ? 'no ledger of erasures was given'
      : `${restored.erased} customers had been erased since the backup, and are erased again`,
    ...restored.notErased.map((id) => `  not erased in the event store: ${id}`),
    restored.agrees ? 'verify: no difference' : 'verify: DIFFERENCES, see perennial verify',
  ].join('\n');
