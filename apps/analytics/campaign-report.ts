import type { CampaignPlannedData } from '#crm/campaign/campaign-types';
import { addDays } from '#eventing/business-time';
import { notFound } from '#eventing/errors';
import { type ArmOutcomes, analyseArms, type CampaignAnalysis, DegenerateData } from '#statistics/index';
import { readColumns } from '#warehouse/columns';
import type { Warehouse } from '#warehouse/warehouse';
import { type Bounds, purchaseDays } from './purchase-histories.js';
import { Scratch } from './scratch.js';

export interface ReportedArm {
  readonly arm: string;
  /** Members assigned, whoever of them was reached. */
  readonly assigned: number;
  readonly reached: number;
  /** Held out, and touched all the same; they stay in their arm. */
  readonly contaminated: number;
}

export interface CampaignReport {
  readonly campaignId: string;
  readonly name: string;
  readonly goal: string;
  readonly phase: string;
  readonly channel: string;
  readonly primaryMetric: string;
  readonly asOf: string;
  readonly knownAt: number;
  /** `provisional` until the outcome window has ended. */
  readonly state: 'planned' | 'provisional' | 'final' | 'no-audience';
  readonly launchedOn: string | null;
  readonly windowEndsOn: string | null;
  readonly currency: string | null;
  readonly cost: number | null;
  readonly arms: readonly ReportedArm[];
  /** Null where nothing causal can be said; `notes` says why. */
  readonly analysis: CampaignAnalysis | null;
  readonly notes: readonly string[];
}

const CONTROL = 'control';
/** Of the permutations: the same report asked twice gives the same p-values. */
const SEED = 20_240_501;

interface CampaignFacts {
  readonly plan: CampaignPlannedData;
  readonly cost: { readonly amount: string; readonly currency: string } | undefined;
  readonly launchedOn: string | null;
}

/**
 * What a campaign caused, by assigned arm, as of a business date and a position.
 * @throws PerennialError `campaign-not-found`
 */
export const campaignReport = async (
  warehouse: Warehouse,
  campaignId: string,
  bounds: Bounds,
): Promise<CampaignReport> => {
  const { plan, cost, launchedOn } = await campaignFacts(warehouse, campaignId, bounds);
  const windowEndsOn = launchedOn && addDays(launchedOn, plan.outcomeWindowDays);
  const outcomes = await Scratch.with(warehouse, (scratch) =>
    memberOutcomes(scratch, campaignId, plan, bounds, cost),
  );
  const fixedCost = cost ? Number(cost.amount) : null;
  const notes = [...outcomes.notes];
  if (cost && outcomes.currency && cost.currency !== outcomes.currency)
    notes.push(
      `The cost is in ${cost.currency}, the outcomes are in ${outcomes.currency}: no return on investment.`,
    );
  if (plan.audience === 'none') notes.push('A campaign without audience has cost, but no causal figure.');
  const analysis = analyse(plan, outcomes, notes);
  return {
    campaignId,
    name: plan.name,
    goal: plan.goal,
    phase: plan.phase,
    channel: plan.channel,
    primaryMetric: plan.primaryMetric,
    ...bounds,
    state: stateOf(plan, windowEndsOn, bounds),
    launchedOn,
    windowEndsOn,
    currency: outcomes.currency,
    cost: fixedCost === null && outcomes.touchCost === 0 ? null : (fixedCost ?? 0) + outcomes.touchCost,
    arms: outcomes.arms.map(({ arm, assigned, reached, contaminated }) => ({
      arm,
      assigned,
      reached,
      contaminated,
    })),
    analysis,
    notes,
  };
};

const stateOf = (
  plan: CampaignPlannedData,
  windowEndsOn: string | null,
  { asOf }: Bounds,
): CampaignReport['state'] => {
  if (plan.audience === 'none') return 'no-audience';
  if (!windowEndsOn) return 'planned';
  return asOf > windowEndsOn ? 'final' : 'provisional';
};

const campaignFacts = async (
  warehouse: Warehouse,
  campaignId: string,
  { asOf, knownAt }: Bounds,
): Promise<CampaignFacts> => {
  const events = await warehouse.rows<{ type: string; data: string; day: string }>(
    `SELECT type, data, toString(business_date) AS day FROM crm.events
     WHERE type IN ('CampaignPlanned', 'CampaignLaunched', 'CampaignCostRecorded')
       AND JSONExtractString(data, 'campaignId') = {campaignId:String}
       AND position <= {knownAt:UInt64} AND business_date <= {asOf:Date32}
     ORDER BY revision`,
    { campaignId, asOf, knownAt },
  );
  const of = (type: string) => events.filter((event) => event.type === type);
  const [planned] = of('CampaignPlanned');
  if (!planned) throw notFound('campaign-not-found', `There was no campaign ${campaignId} by ${asOf}.`);
  const plan = JSON.parse(planned.data) as CampaignPlannedData;
  const recorded = of('CampaignCostRecorded').at(-1);
  return {
    plan,
    cost: recorded ? (JSON.parse(recorded.data) as CampaignFacts).cost : plan.cost,
    launchedOn: of('CampaignLaunched').at(-1)?.day ?? null,
  };
};

interface MemberOutcomes {
  readonly currency: string | null;
  readonly arms: readonly (ReportedArm & {
    readonly converted: number;
    readonly visited: number;
    readonly touch_cost: number;
    readonly money: Float64Array;
  })[];
  readonly touchCost: number;
  readonly imported: boolean;
  readonly costKnown: boolean;
  readonly fixedCost: number;
  readonly notes: readonly string[];
}

const memberOutcomes = async (
  scratch: Scratch,
  campaignId: string,
  plan: CampaignPlannedData,
  bounds: Bounds,
  cost: CampaignFacts['cost'],
): Promise<MemberOutcomes> => {
  const { warehouse } = scratch;
  const { knownAt, asOf } = bounds;
  const identity = await scratch.table('identity', { knownAt });
  const members = await scratch.table('campaign_members', {
    campaign: campaignId,
    asOf,
    knownAt,
    identity,
  });
  const { currency, notes, imported, touchCurrencies } = await currencyOf(warehouse, members, bounds, cost);
  const { days } = await purchaseDays(scratch, bounds, currency ?? '');
  const outcomes = await scratch.table('campaign_outcomes', {
    members,
    days,
    windowDays: plan.outcomeWindowDays,
  });
  const arms = await warehouse.rows<Omit<MemberOutcomes['arms'][number], 'money'>>(
    `SELECT arm, count() AS assigned, countIf(reached) AS reached, countIf(contaminated) AS contaminated,
       countIf(converted) AS converted, countIf(visited) AS visited, sum(touch_cost) AS touch_cost
     FROM crm.{outcomes:Identifier} GROUP BY arm ORDER BY arm = {control:String} DESC, arm`,
    { outcomes, control: CONTROL },
  );
  const costKnown = [cost?.currency, ...touchCurrencies].every((found) => !found || found === currency);
  return {
    currency,
    imported,
    notes,
    touchCost: costKnown ? arms.reduce((sum, { touch_cost }) => sum + touch_cost, 0) : 0,
    costKnown: costKnown && (cost !== undefined || arms.some(({ touch_cost }) => touch_cost > 0)),
    fixedCost: cost && costKnown ? Number(cost.amount) : 0,
    arms: await Promise.all(
      arms.map(async (arm) => ({ ...arm, money: await moneyOf(warehouse, outcomes, arm.arm) })),
    ),
  };
};

const moneyOf = async (warehouse: Warehouse, outcomes: string, arm: string): Promise<Float64Array> => {
  const { money } = await readColumns(
    warehouse,
    'SELECT money FROM crm.{outcomes:Identifier} WHERE arm = {arm:String} AND money != 0 ORDER BY money',
    { money: 'Float64' },
    { outcomes, arm },
  );
  return money;
};

/** Outcomes are counted in one currency: that of the imported ones, of the cost, or else the one most bought in. */
const currencyOf = async (
  warehouse: Warehouse,
  members: string,
  { asOf, knownAt }: Bounds,
  cost: CampaignFacts['cost'],
) => {
  const [found] = await warehouse.rows<{ imported: number; spend: string[]; touch: string[] }>(
    `SELECT countIf(has_outcome) > 0 AS imported, groupUniqArrayIf(spend_currency, spend_currency != '') AS spend,
       groupUniqArrayArray(touch_currencies) AS touch
     FROM crm.{members:Identifier}`,
    { members },
  );
  const bought = await warehouse.rows<{ currency: string }>(
    `SELECT currency FROM crm.purchase_ledger
     WHERE entry = 'sale' AND position <= {knownAt:UInt64} AND business_date <= {asOf:Date32}
     GROUP BY currency ORDER BY count() DESC`,
    { asOf, knownAt },
  );
  const spend = found?.spend ?? [];
  const imported = Boolean(found?.imported);
  const candidates = imported ? spend : bought.map(({ currency }) => currency);
  const currency =
    candidates.find((each) => each === cost?.currency) ?? candidates[0] ?? cost?.currency ?? null;
  const notes =
    candidates.length > 1
      ? [
          `Outcomes in ${currency} only; there are others in ${candidates.filter((each) => each !== currency).join(', ')}.`,
        ]
      : [];
  return { currency, imported, notes, touchCurrencies: found?.touch ?? [] };
};

const analyse = (
  plan: CampaignPlannedData,
  { arms, imported, costKnown, fixedCost }: MemberOutcomes,
  notes: string[],
): CampaignAnalysis | null => {
  if (plan.audience === 'none') return null;
  const shareOf = (arm: string): number =>
    arm === CONTROL
      ? plan.holdOut
      : (1 - plan.holdOut) * (plan.arms.find(({ name }) => name === arm)?.share ?? 0);
  const treated = arms.filter(({ arm }) => arm !== CONTROL).reduce((sum, { assigned }) => sum + assigned, 0);
  const data: ArmOutcomes[] = arms.map(({ arm, assigned, converted, visited, touch_cost, money }) => ({
    arm,
    share: shareOf(arm),
    n: assigned,
    values: money,
    converted,
    ...(imported && { counts: { visit: visited } }),
    // The fixed cost is shared among those treated; holding out costs nothing.
    ...(costKnown && {
      cost: arm === CONTROL ? 0 : touch_cost + (fixedCost * assigned) / Math.max(1, treated),
    }),
  }));
  if (!data.some(({ arm }) => arm === CONTROL) || data.length < 2) {
    notes.push('Nobody was held out, or nobody assigned: what would have happened anyway is not known.');
    return null;
  }
  try {
    return analyseArms(data, { control: CONTROL, seed: SEED });
  } catch (error) {
    if (!(error instanceof DegenerateData)) throw error;
    notes.push(error.message);
    return null;
  }
};
