import { Command } from 'commander';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';
import { type Cell, recordsTable } from './terminal.js';

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly repair?: boolean;
}

type Row = Readonly<Record<string, Cell>>;

interface Verification {
  readonly events: number;
  readonly landed: number;
  readonly differences: readonly Row[];
}

export const verifyCommand = (): Command =>
  withTargetOptions(
    new Command('verify')
      .description(
        'Compares the event store with the warehouse by counts and checksums, and names each difference.',
      )
      .option('--repair', 'lands what is missing, exactly once')
      .option('--json', 'print JSON'),
  ).action((options: Options) =>
    onTarget(options, async (target) => {
      const found = await target.json<Verification>(
        `/v1/admin/verify${options.repair ? '?repair=true' : ''}`,
        {
          method: 'POST',
        },
      );
      if (options.json) process.stdout.write(`${JSON.stringify(found)}\n`);
      else {
        process.stdout.write(`${found.events} events in the store, ${found.landed} in the warehouse\n`);
        process.stdout.write(
          found.differences.length === 0 ? 'no difference\n' : `${recordsTable(found.differences)}\n`,
        );
      }
      if (found.differences.length > 0) process.exitCode = 2;
    }),
  );

export const deadLettersCommand = (): Command =>
  withTargetOptions(
    new Command('dead-letters')
      .description('Events that could not be landed, with the reason.')
      .option('--replay', 'try to land them again')
      .option('--json', 'print JSON'),
  ).action((options: Options & { replay?: boolean }) =>
    onTarget(options, async (target) => {
      if (options.replay) {
        const replayed = await target.json<object>('/v1/admin/dead-letters/replay', { method: 'POST' });
        process.stdout.write(`${JSON.stringify(replayed)}\n`);
        return;
      }
      const { deadLetters } = await target.json<{ deadLetters: Row[] }>('/v1/admin/dead-letters');
      const shown = deadLetters.length === 0 ? 'no dead letters' : recordsTable(deadLetters);
      process.stdout.write(`${options.json ? JSON.stringify(deadLetters) : shown}\n`);
    }),
  );
