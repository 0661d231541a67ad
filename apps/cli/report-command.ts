import { Command } from 'commander';
import type { CampaignReport } from '#apps/analytics/campaign-report';
import { onTarget, type Target, type TargetOptions, withTargetOptions } from './target.js';
import { type Cell, recordsTable, table } from './terminal.js';

interface Options extends TargetOptions {
  readonly json?: boolean;
  readonly csv?: boolean;
  readonly limit?: string;
  readonly offset?: string;
  readonly sort?: string;
  readonly asOf?: string;
  readonly knownAt?: string;
}

interface Page {
  readonly total: number;
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly freshness: { readonly position: number; readonly lagEvents: number };
}

const LISTS: Readonly<Record<string, string>> = {
  customers: 'what customers bought, are worth and risk',
  clv: 'customer lifetime values of the last published run',
  churn: 'churn risks of the last published run, with signals',
};

export const reportCommand = (): Command => {
  const command = new Command('report').description('Reports for those who talk to customers.');
  for (const [name, description] of Object.entries(LISTS)) command.addCommand(listCommand(name, description));
  return command.addCommand(campaignCommand());
};

const listCommand = (name: string, description: string): Command =>
  withTargetOptions(
    new Command(name)
      .description(description)
      .option('--limit <n>', 'rows to show', '20')
      .option('--offset <n>', 'rows to pass over')
      .option('--sort <column>', 'a column, with - in front for downwards')
      .option('--csv', 'print CSV')
      .option('--json', 'print JSON'),
  ).action((options: Options) =>
    onTarget(options, async (target) => {
      const path = `/v1/reports/${name}${queryOf({
        limit: options.limit,
        offset: options.offset,
        sort: options.sort,
        format: options.csv ? 'csv' : undefined,
      })}`;
      if (options.csv) process.stdout.write(await textOf(target, path));
      else {
        const page = await target.json<Page>(path);
        process.stdout.write(`${options.json ? JSON.stringify(page) : pageInWords(page)}\n`);
      }
    }),
  );

const campaignCommand = (): Command =>
  withTargetOptions(
    new Command('campaign')
      .description('what a campaign caused, by assigned arm')
      .argument('<id>')
      .option('--as-of <date>', 'as it stood at the end of a business date')
      .option('--known-at <position>', 'as it was known at a position')
      .option('--json', 'print JSON'),
  ).action((id: string, options: Options) =>
    onTarget(options, async (target) => {
      const query = queryOf({ asOf: options.asOf, knownAt: options.knownAt });
      const report = await target.json<CampaignReport>(
        `/v1/reports/campaigns/${encodeURIComponent(id)}${query}`,
      );
      process.stdout.write(`${options.json ? JSON.stringify(report) : campaignInWords(report)}\n`);
    }),
  );

const queryOf = (values: Readonly<Record<string, string | undefined>>): string => {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
};

const textOf = async (target: Target, path: string): Promise<string> => {
  const response = await target.request(path);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
};

const pageInWords = ({ items, total, freshness }: Page): string => {
  const rows = items.map((item) =>
    Object.fromEntries(Object.entries(item).map(([name, value]) => [name, shown(value)])),
  );
  return [
    items.length > 0 ? recordsTable(rows) : 'nothing to show',
    `${items.length} of ${total}; as of position ${freshness.position}, ${freshness.lagEvents} events behind`,
  ].join('\n');
};

const shown = (value: unknown): Cell => {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toPrecision(4);
  return value as Cell;
};

/** A campaign's report as it stands in the terminal; the demonstration prints it, too. */
export const campaignInWords = (report: CampaignReport): string => {
  const { analysis, arms, currency } = report;
  const lines = [
    `${report.name} (${report.campaignId}): ${report.phase}, ${report.channel}; ${report.state}` +
      (report.launchedOn ? `, launched ${report.launchedOn}, window to ${report.windowEndsOn}` : ''),
  ];
  lines.push(
    table(
      [
        'arm',
        'assigned',
        'reached',
        'contaminated',
        'converted',
        'rate',
        `money ${currency ?? ''}`,
        'per customer',
      ],
      arms.map(({ arm, assigned, reached, contaminated }) => {
        const summary = analysis?.arms.find((each) => each.arm === arm);
        return [
          arm,
          assigned,
          reached,
          contaminated,
          summary?.converted,
          summary && percent(summary.conversionRate),
          summary?.money.toFixed(2),
          summary?.moneyPerCustomer.toFixed(4),
        ];
      }),
    ),
  );
  if (analysis) {
    lines.push(
      table(
        [
          'against control',
          'lift per customer',
          '95 % interval',
          'p',
          'p (Holm)',
          'conversion lift',
          'incremental',
          'cost',
          'ROI',
        ],
        analysis.comparisons.map(({ arm, money, conversion, incrementalMoney, cost, roi }) => [
          arm,
          money.difference.toFixed(4),
          money.interval === 'too-few'
            ? 'too few conversions'
            : `${money.interval.low.toFixed(4)} to ${money.interval.high.toFixed(4)}`,
          money.pValue.toFixed(4),
          money.adjustedPValue.toFixed(4),
          percent(conversion.difference),
          incrementalMoney.toFixed(2),
          cost?.toFixed(2),
          roi === null ? undefined : percent(roi),
        ]),
      ),
    );
    if (analysis.sampleRatio.alarm)
      lines.push('ALARM: the sizes of the arms do not fit the plan; do not trust these figures.');
  }
  return [...lines, ...report.notes].join('\n');
};

const percent = (value: number): string => `${(100 * value).toFixed(2)}%`;
