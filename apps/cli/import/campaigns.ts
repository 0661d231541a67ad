import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import { CliError } from '../cli-error.js';
import { asMoney, collect, type Fields, fieldsOf } from './fields.js';
import type { Fact, ImportContext, Importer, NumberedRow } from './importer.js';
import { asNumber } from './mapping.js';

const MEMBER = [
  'customerId',
  'arm',
  'outcome.visits',
  'outcome.conversions',
  'outcome.spend',
  'covariates.*',
];
const PLAN = ['campaignId', 'name', 'goal', 'phase', 'channel', 'cost', 'primaryMetric', 'outcomeWindowDays'];

/**
 * One row per member of one campaign, that was run elsewhere. What concerns the campaign itself comes from `--set`:
 * its id and plan, `launchedAt`, and `control`, the arm that was held out. Arms were of equal size by design
 * unless `shares` says otherwise (`shares=Control:0.2;A:0.4;B:0.4`): the sample ratio is checked against it.
 */
export const campaigns: Importer = {
  fields: [...MEMBER, ...PLAN, 'occurredAt', 'launchedAt', 'control', 'shares', 'currency'],
  required: ['arm'],
  facts,
};

async function* facts(rows: AsyncIterable<NumberedRow>, context: ImportContext): AsyncGenerator<Fact> {
  const all: NumberedRow[] = [];
  for await (const row of rows) all.push(row);
  const plan = planOf(all, context);
  const { campaignId } = plan;
  const launchedAt = setting(context, 'launchedAt');
  yield { milestone: () => ({ type: 'PlanCampaign', data: { ...plan.data, occurredAt: launchedAt } }) };
  yield { milestone: () => ({ type: 'LaunchCampaign', data: { campaignId, occurredAt: launchedAt } }) };
  const members: { line: number; customerId: string }[] = [];
  const width = String(all.length).length;
  for (const [i, { line, row }] of all.entries()) {
    const data = member(row, context, plan.control);
    // Without an id a member is known by its place in the file: the same file gives the same ids.
    data.customerId ??= `${campaignId}-${String(i + 1).padStart(width, '0')}`;
    members.push({ line, customerId: String(data.customerId) });
    yield {
      lines: [line],
      commands: [{ type: 'AssignMember', data: { campaignId, occurredAt: launchedAt, ...data } }],
    };
  }
  yield {
    milestone: () => {
      const audience = AudienceChecksum.empty();
      for (const { line, customerId } of members) if (!context.isLineRefused(line)) audience.add(customerId);
      const { count, checksum } = audience;
      return { type: 'FreezeAudience', data: { campaignId, occurredAt: launchedAt, count, checksum } };
    },
  };
}

const planOf = (rows: readonly NumberedRow[], context: ImportContext) => {
  const campaignId = setting(context, 'campaignId');
  const control = setting(context, 'control');
  const arms = new Set(rows.map(({ row }) => fieldsOf(row, context)('arm') ?? ''));
  if (!arms.has(control))
    throw new CliError(`No member is in the arm '${control}'; the arms are: ${[...arms].join(', ')}.`);
  const shareOf = shares(context, [...arms]);
  const holdOut = shareOf(control);
  const data = collect({}, context, PLAN, (field, value, read) => {
    if (field === 'cost') return asMoney(value, read('currency'));
    if (field === 'outcomeWindowDays') return asNumber(value);
    return value;
  });
  const treatments = [...arms].filter((arm) => arm !== control).sort();
  return {
    campaignId,
    control,
    data: {
      ...data,
      imported: true,
      holdOut,
      arms: treatments.map((name) => ({ name, share: shareOf(name) / (1 - holdOut) })),
    },
  };
};

const shares = (context: ImportContext, arms: readonly string[]): ((arm: string) => number) => {
  const given = context.constants.get('shares');
  if (given === undefined) return () => 1 / arms.length;
  const byArm = new Map(
    given
      .split(';')
      .map((pair) => [
        pair.slice(0, pair.lastIndexOf(':')).trim(),
        Number(pair.slice(pair.lastIndexOf(':') + 1)),
      ]),
  );
  const sum = [...byArm.values()].reduce((total, share) => total + share, 0);
  if (arms.some((arm) => !((byArm.get(arm) ?? 0) > 0)) || Math.abs(sum - 1) > 1e-6)
    throw new CliError(
      `shares must name every arm (${arms.join(', ')}) with a share above 0, adding up to 1.`,
    );
  return (arm) => byArm.get(arm) as number;
};

const member = (row: NumberedRow['row'], context: ImportContext, control: string): Fields => {
  const data = collect(row, context, MEMBER, (field, value, read) => {
    if (field === 'arm') return value === control ? 'control' : value;
    if (field === 'outcome.spend') return asMoney(value, read('currency'));
    return field === 'customerId' ? value : asNumber(value);
  });
  return data;
};

const setting = ({ constants }: ImportContext, name: string): string => {
  const value = constants.get(name);
  if (value === undefined)
    throw new CliError(`A campaign needs --set ${name}=... (besides name, goal, phase and channel).`);
  return value;
};
