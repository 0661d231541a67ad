import { Command, Option } from 'commander';
import { onTarget, type TargetOptions, withTargetOptions } from './target.js';
import { Progress, table } from './terminal.js';

interface Options extends TargetOptions {
  readonly asOf?: string;
  readonly knownAt?: string;
  readonly timeUnit?: string;
  readonly model?: string;
  readonly currency?: string;
  readonly months?: string;
  readonly discountPerMonth?: string;
  readonly horizonDays?: string;
  readonly json?: boolean;
}

interface Run {
  readonly modelRunId: string;
  readonly model: string;
  readonly asOf: string;
  readonly customers: number;
  readonly parameters: Readonly<Record<string, number>>;
  readonly standardErrors: Readonly<Record<string, number>>;
  readonly logLikelihood: number;
  readonly monetary?: Omit<Run, 'modelRunId' | 'monetary'>;
  readonly backtest?: Readonly<Record<string, unknown>>;
  readonly published: boolean;
  readonly reasonUnpublished?: string;
}

const modelRun = withTargetOptions(
  new Command('run')
    .description('Computes and publishes scores of all customers.')
    .argument('<purpose>', 'clv (customer lifetime value) | churn (risk of no further purchase)')
    .option('--as-of <date>', 'business date up to which events count (default: yesterday)')
    .option('--known-at <position>', 'position up to which events were known (default: all)')
    .addOption(
      new Option('--time-unit <unit>', 'unit of time of the model').choices(['day', 'week', 'month']),
    )
    .addOption(
      new Option('--model <name>', 'model of repeat buying').choices(['bg-nbd', 'mbg-nbd', 'pareto-nbd']),
    )
    .option('--currency <code>', 'only purchases in this currency')
    .option('--months <n>', 'clv: months of the horizon (default: 12)')
    .option('--discount-per-month <rate>', 'clv: discount rate (default: 0.01)')
    .option('--horizon-days <n>', 'churn: days of the horizon (default: 90)')
    .option('--json', 'print the run as JSON'),
).action((purpose: string, options: Options) =>
  onTarget(options, async (target) => {
    const progress = new Progress('model');
    progress.say(`Running ${purpose} ...`);
    const run = await target.json<Run>('/v1/model-runs', {
      method: 'POST',
      body: JSON.stringify(requestOf(purpose, options)),
    });
    progress.end();
    process.stdout.write(`${options.json ? JSON.stringify(run) : inWords(run)}\n`);
    if (!run.published) process.exitCode = 2;
  }),
);

export const modelCommand = (): Command =>
  new Command('model')
    .description('Models of what customers are worth and of who is lost.')
    .addCommand(modelRun);

/** What is no number goes as it is: the server says what is wrong with it. */
const requestOf = (purpose: string, { knownAt, months, discountPerMonth, horizonDays, ...rest }: Options) => {
  const number = (text: string | undefined) =>
    text === undefined || Number.isNaN(Number(text)) ? text : Number(text);
  const { asOf, timeUnit, model, currency } = rest;
  return {
    purpose,
    asOf,
    timeUnit,
    model,
    currency,
    knownAt: number(knownAt),
    months: number(months),
    discountPerMonth: number(discountPerMonth),
    horizonDays: number(horizonDays),
  };
};

const inWords = (run: Run): string => {
  const lines = [
    `${run.model} as of ${run.asOf} on ${run.customers} customers, log-likelihood ${run.logLikelihood.toFixed(3)}`,
    figures(run),
  ];
  if (run.monetary) {
    const { model, customers, logLikelihood } = run.monetary;
    lines.push(`${model} on ${customers} repeat buyers, log-likelihood ${logLikelihood.toFixed(3)}`);
    lines.push(figures(run.monetary));
  }
  lines.push(
    run.published ? `published as run ${run.modelRunId}` : `NOT published: ${run.reasonUnpublished}`,
  );
  return lines.join('\n');
};

const figures = ({ parameters, standardErrors }: Pick<Run, 'parameters' | 'standardErrors'>): string =>
  table(
    ['parameter', 'estimate', 'standard error'],
    Object.entries(parameters).map(([name, value]) => [
      name,
      value.toPrecision(6),
      standardErrors[name]?.toPrecision(4),
    ]),
  );
