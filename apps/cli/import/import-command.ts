import { Command } from 'commander';
import { CliError } from '../cli-error.js';
import { onTarget, type TargetOptions, withTargetOptions } from '../target.js';
import { Progress } from '../terminal.js';
import { campaigns } from './campaigns.js';
import { complaints } from './complaints.js';
import { customers } from './customers.js';
import type { Importer } from './importer.js';
import { interactions } from './interactions.js';
import { type Mapping, parsePairs } from './mapping.js';
import { purchases } from './purchases.js';
import { type ImportSummary, runImport } from './run-import.js';

const importers: Readonly<Record<string, Importer>> = {
  purchases,
  customers,
  interactions,
  complaints,
  campaigns,
};

interface Options extends TargetOptions {
  readonly map: Mapping;
  readonly set: Mapping;
  readonly currency?: string;
  readonly dateFormat?: string;
  readonly refused?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export const importCommand = (): Command =>
  withTargetOptions(
    new Command('import')
      .description('Imports a CSV file (or .csv.gz), row by row, through the same commands as HTTP.')
      .argument('<what>', Object.keys(importers).join(' | '))
      .argument('<file>', 'CSV with a head line')
      .requiredOption(
        '--map <field=column,...>',
        'which column fills which field; may be repeated',
        pairs('--map'),
      )
      .option(
        '--set <field=value,...>',
        'the same value in every row; may be repeated',
        pairs('--set'),
        new Map(),
      )
      .option('--currency <code>', 'ISO 4217 code of all amounts')
      .option(
        '--date-format <format>',
        'how the file writes dates, for instance MM/dd/yyyy (default: ISO 8601)',
      )
      .option('--refused <file>', 'where refused rows go (default: FILE.rejected.csv beside the file)')
      .option('--dry-run', 'check every row, change nothing')
      .option('--json', 'print the summary as JSON'),
  )
    .addHelpText(
      'after',
      `
Importing a file again adds nothing: what is in stays in, what was refused or cut off is tried again.

Fields:
${Object.entries(importers)
  .map(([what, { fields }]) => `  ${what}: ${fields.join(', ')}`)
  .join('\n')}

Examples:
  perennial import purchases orders.csv --map customerId=customer_id,occurredAt=date,total=amount --currency USD
  perennial import customers people.csv.gz --map customerId=id,name=name,email=mail --set source.channel=web`,
    )
    .action(async (what: string, file: string, options: Options) => {
      const importer = importers[what];
      if (!importer)
        throw new CliError(`Import what? One of ${Object.keys(importers).join(', ')}; not '${what}'.`);
      const progress = new Progress(`Importing ${what}`);
      const summary = await onTarget({ ...options, begins: true }, (target) =>
        runImport(
          target,
          importer,
          file,
          {
            mapping: options.map,
            constants: options.set,
            currency: options.currency,
            dateFormat: options.dateFormat,
            refusedFile: options.refused,
            dryRun: options.dryRun === true,
          },
          progress,
        ),
      );
      process.stdout.write(`${options.json ? JSON.stringify(summary) : inWords(summary)}\n`);
      if (summary.refusedRows > 0) process.exitCode = 2;
    });

const pairs = (option: string) => (text: string, before: Mapping | undefined) =>
  new Map([...(before ?? []), ...parsePairs(text, option)]);

const inWords = ({
  dryRun,
  rows,
  accepted,
  repeated,
  refusedRows,
  refusedFile,
  seconds,
}: ImportSummary): string =>
  [
    `${rows} rows read in ${seconds.toFixed(1)} s${dryRun ? ' (dry run: nothing was changed)' : ''}`,
    `${accepted} commands ${dryRun ? 'would be accepted' : 'accepted'}, ${repeated} were there already`,
    refusedRows > 0 ? `${refusedRows} rows refused: see ${refusedFile}` : 'no row refused',
  ].join('\n');
