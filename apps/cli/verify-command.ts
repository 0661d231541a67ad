import { Command } from 'commander';
import { lastStep } from './steps.js';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';
import { type Cell, recordsTable } from './terminal.js';

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly repair?: boolean;
}

type Row = Readonly<Record<string, Cell>>;

interface Verification {
  readonly agrees: boolean;
  readonly upTo: number;
  readonly events: number;
  readonly topic: number | null;
  readonly goneFromTopic: number | null;
  readonly landed: number;
  readonly foreign: number;
  readonly days: readonly Row[];
  readonly differences: readonly Row[];
  readonly differing: number;
  readonly laidAside: readonly Row[];
  readonly refilled?: number;
}

export const verifyCommand = (): Command =>
  withTargetOptions(
    new Command('verify')
      .description(
        'Compares the event store with the topic and the warehouse by counts and checksums, and names each difference.',
      )
      .option('--repair', 'lands what is missing in the warehouse, exactly once')
      .option('--json', 'print JSON'),
  ).action((options: Options) =>
    onTarget(options, async (target) => {
      const path = `/v1/admin/verify${options.repair ? '?repair=true' : ''}`;
      const found = await lastStep<Verification>(target, path, 'verify');
      process.stdout.write(`${options.json ? JSON.stringify(found) : described(found)}\n`);
      if (!found.agrees) process.exitCode = 2;
    }),
  );

const described = (found: Verification): string => {
  const { events, topic, goneFromTopic, landed, foreign, upTo, days, differences, differing } = found;
  const { refilled, laidAside } = found;
  const inTopic = topic === null ? '' : `, ${topic} in the topic (${goneFromTopic} no longer there)`;
  const parts = [
    `up to position ${upTo}: ${events} events in the store${inTopic}, ${landed} in the warehouse`,
    ...(days.length > 0 ? [recordsTable(days.map(withoutEmpty))] : []),
    ...(refilled === undefined ? [] : [`${refilled} events refilled`]),
    ...(foreign === 0 ? [] : [`${foreign} records of the topic are no events: see perennial dead-letters`]),
    differing === 0 ? 'no difference' : recordsTable(differences),
  ];
  const named = differences.reduce((sum, { events: count }) => sum + Number(count), 0);
  if (named < differing) parts.push(`and ${differing - named} more`);
  if (laidAside.length > 0)
    parts.push(
      'parts of tables were found broken and laid aside; rows that only they had are missing:',
      ...laidAside.map(
        ({ table, part, repair, remove }) =>
          `  ${table}: ${part}\n    repair: ${repair}\n    then remove: ${remove}`,
      ),
    );
  return parts.join('\n');
};

/** Without a topic there are no columns for it. */
const withoutEmpty = (day: Row): Row =>
  Object.fromEntries(Object.entries(day).filter(([, cell]) => cell !== null));

interface RefillOptions extends Options {
  readonly fromPosition: string;
  readonly toPosition?: string;
}

export const refillCommand = (): Command =>
  withTargetOptions(
    new Command('refill')
      .description(
        'Lands what the warehouse lacks from the event store, exactly once, while the system runs: rows that are missing, and what the topic lost before it was landed.',
      )
      .requiredOption('--from-position <position>', 'looks for missing events from this one on')
      .option('--to-position <position>', 'and up to this one (default: all that has landed)')
      .option('--json', 'print JSON'),
  ).action(({ fromPosition, toPosition, ...options }: RefillOptions) =>
    onTarget(options, async (target) => {
      const query = new URLSearchParams({ fromPosition, ...(toPosition !== undefined && { toPosition }) });
      const done = await lastStep<Row>(target, `/v1/admin/refill?${query}`, 'refill');
      process.stdout.write(`${options.json ? JSON.stringify(done) : recordsTable([done])}\n`);
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
