import { Command } from 'commander';
import { newProjection } from '#warehouse/projection-template';
import { lastStep } from './steps.js';
import { onTarget, type Target, type TargetOptions, withTargetOptions } from './target.js';
import { type Cell, recordsTable } from './terminal.js';

interface Options extends TargetOptions {
  readonly json?: boolean;
}

type Record = Readonly<{ [field: string]: Cell }>;

const on = (name: string, description: string): Command =>
  withTargetOptions(new Command(name).description(description)).option('--json', 'print JSON');

export const projectionCommand = (): Command =>
  new Command('projection')
    .description('Projections: the tables and views that the warehouse makes from events, one SQL file each.')
    .addCommand(
      on('list', 'all projections with their version and state').action((options: Options) =>
        show(options, '/v1/admin/projections'),
      ),
    )
    .addCommand(
      on('status', 'all versions of all projections, and how fresh the warehouse is').action(
        (options: Options) => show(options, '/v1/admin/projections?versions=all'),
      ),
    )
    .addCommand(
      new Command('new')
        .description('writes the SQL file of a projection and its spec from a template')
        .argument('<name>', 'lower case with underscores: the name of the public view')
        .action((name: string) => {
          for (const file of newProjection(name)) process.stdout.write(`${file}\n`);
        }),
    )
    .addCommand(
      on('rebuild', 'builds a new version beside the running one and swaps it in')
        .argument('<name>')
        .action((name: string, options: Options) =>
          change(options, name, 'rebuild', (target, path) => lastStep(target, path, 'projection')),
        ),
    )
    .addCommand(
      on('rollback', 'goes back to the version before')
        .argument('<name>')
        .action((name: string, options: Options) => change(options, name, 'rollback')),
    )
    .addCommand(
      on('prune', 'removes the versions that are kept for a rollback')
        .argument('<name>')
        .action((name: string, options: Options) => change(options, name, 'prune')),
    );

const show = (options: Options, path: string): Promise<void> =>
  onTarget(options, async (target) => {
    const { projections } = await target.json<{ projections: Record[] }>(path);
    process.stdout.write(`${options.json ? JSON.stringify(projections) : recordsTable(projections)}\n`);
  });

const change = (
  options: Options,
  name: string,
  action: string,
  answerOf = (target: Target, path: string): Promise<Record> => target.json(path, { method: 'POST' }),
): Promise<void> =>
  onTarget(options, async (target) => {
    const result = await answerOf(target, `/v1/admin/projections/${encodeURIComponent(name)}/${action}`);
    process.stdout.write(`${options.json ? JSON.stringify(result) : recordsTable([result])}\n`);
  });
