import { Command } from 'commander';
import { newProjection } from '#warehouse/projection-template';
import { CliError } from './cli-error.js';
import { onTarget, problemOf, type Target, type TargetOptions, withTargetOptions } from './target.js';
import { type Cell, Progress, recordsTable } from './terminal.js';

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
        .action((name: string, options: Options) => change(options, name, 'rebuild', lastOf)),
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

interface Step {
  readonly step?: string;
  readonly result?: Record;
  readonly problem?: { readonly detail: string };
}

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

/** The server tells its steps as they are done, a line each; the last line is the result or a problem. */
const lastOf = async (target: Target, path: string): Promise<Record> => {
  const progress = new Progress('projection');
  const response = await target.request(path, { method: 'POST' });
  if (!response.ok || !response.body) throw await problemOf(response);
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { step, result, problem } = JSON.parse(line) as Step;
      if (step) progress.say(step);
      if (problem) {
        progress.end();
        throw new CliError(problem.detail, problem);
      }
      if (result) {
        progress.end();
        return result;
      }
    }
  }
  throw new CliError('The server ended its answer before the result; see its log.');
};
