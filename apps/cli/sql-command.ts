import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { onTarget, problemOf, type TargetOptions, withTargetOptions } from './target.js';

interface Options extends TargetOptions {
  readonly format?: string;
  readonly json?: boolean;
}

export const sqlCommand = (): Command =>
  withTargetOptions(
    new Command('sql')
      .description(
        'Asks the warehouse, read-only; tables and columns are described in docs/data-dictionary.md.',
      )
      .argument('<query>', 'one SELECT, for instance "SELECT count() FROM crm.purchases"')
      .option(
        '--format <name>',
        'any output format of ClickHouse: JSONEachRow, CSV, Parquet ... (default: a table)',
      )
      .option('--json', 'the same as --format JSONEachRow'),
  ).action(async (query: string, options: Options) => {
    const format = options.format ?? (options.json ? 'JSONEachRow' : 'PrettyCompactMonoBlock');
    await onTarget(options, async (target) => {
      const response = await target.request(`/v1/sql?default_format=${encodeURIComponent(format)}`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: query,
      });
      if (!response.ok) throw await problemOf(response);
      if (response.body)
        await pipeline(Readable.fromWeb(response.body as never), process.stdout, { end: false });
    });
  });
