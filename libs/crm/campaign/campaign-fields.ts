import { FieldChecks } from '../field-checks.js';
import { checkMoney } from '../money.js';
import { CONTROL } from './assign-arm.js';
import {
  type Arm,
  audiences,
  type CampaignCommand,
  type CampaignLaunchedData,
  type CampaignPlannedData,
  campaignPhases,
  type PlanCampaignData,
  primaryMetrics,
} from './campaign-types.js';

const MAX_ARMS = 20;
/** Shares are often rounded: three times 0.333 is meant to be all. */
const SHARES_TOLERANCE = 0.002;
const MAX_WINDOW_DAYS = 3650;
const MAX_SQL_LENGTH = 20_000;
/** More belong into a segment: the list is one event. */
export const MAX_LISTED_CUSTOMERS = 10_000;
const MAX_LISTED_CHARACTERS = 200_000;
const MAX_MESSAGE_LENGTH = 1_000;
const CHECKSUM = /^[0-9a-f]{16}$/;

/** @throws PerennialError `validation-failed` */
export const checkFields = (command: CampaignCommand): void => {
  const checks = new FieldChecks();
  checks.present('campaignId', command.data.campaignId);
  checks.id('campaignId', command.data.campaignId);
  switch (command.type) {
    case 'PlanCampaign':
      checkPlan(checks, command.data);
      break;
    case 'LaunchCampaign':
      checkSegment(checks, command.data);
      checkCustomers(checks, command.data);
      break;
    case 'SelectAudience':
    case 'FreezeSelectedAudience':
    case 'FreezeAudience':
      checks.present('count', command.data.count);
      checks.count('count', command.data.count, Number.MAX_SAFE_INTEGER);
      if (!CHECKSUM.test(command.data.checksum)) checks.fail('checksum', 'must be 16 hexadecimal digits');
      break;
    case 'FailLaunch':
      checks.present('code', command.data.code);
      checks.reason('code', command.data.code);
      checks.present('message', command.data.message);
      if (command.data.message?.length > MAX_MESSAGE_LENGTH)
        checks.fail('message', `must be at most ${MAX_MESSAGE_LENGTH} characters`);
      break;
    case 'EndCampaign':
      checks.reason('reason', command.data.reason);
      break;
    case 'RecordCampaignCost':
      checks.present('cost', command.data.cost);
      checkMoney(checks, 'cost', command.data.cost);
      checks.reason('reason', command.data.reason);
      break;
    default:
      command satisfies never;
  }
  checks.done();
};

const checkPlan = (checks: FieldChecks, plan: PlanCampaignData): void => {
  for (const field of ['name', 'goal', 'phase', 'channel'] as const) checks.present(field, plan[field]);
  checks.label('name', plan.name);
  checks.label('goal', plan.goal);
  checks.oneOf('phase', plan.phase, campaignPhases);
  checks.code('channel', plan.channel);
  checkMoney(checks, 'cost', plan.cost);
  checks.oneOf('audience', plan.audience, audiences);
  checks.id('salt', plan.salt);
  checks.oneOf('primaryMetric', plan.primaryMetric, primaryMetrics);
  checks.count('outcomeWindowDays', plan.outcomeWindowDays, MAX_WINDOW_DAYS);
  if (plan.outcomeWindowDays === 0) checks.fail('outcomeWindowDays', 'must be at least 1');
  if (plan.audience === 'none') checkWithoutAudience(checks, plan);
  else checkSplit(checks, plan);
};

const checkWithoutAudience = (
  checks: FieldChecks,
  { arms = [], holdOut = 0, imported }: PlanCampaignData,
) => {
  const reason = 'must be left out: there is no audience';
  if (arms.length > 0) checks.fail('arms', reason);
  if (holdOut !== 0) checks.fail('holdOut', reason);
  if (imported) checks.fail('imported', reason);
};

const checkSplit = (checks: FieldChecks, { arms, holdOut = 0 }: PlanCampaignData): void => {
  if (!(holdOut >= 0 && holdOut < 1)) checks.fail('holdOut', 'must be at least 0 and less than 1');
  if (arms === undefined) return;
  if (arms.length === 0 || arms.length > MAX_ARMS) checks.fail('arms', `must be 1 to ${MAX_ARMS}`);
  arms.forEach(({ name, share }, index) => {
    checkArmName(checks, `arms[${index}].name`, name);
    if (!(share > 0 && share <= 1)) checks.fail(`arms[${index}].share`, 'must be above 0 and at most 1');
  });
  if (new Set(arms.map(({ name }) => name)).size < arms.length)
    checks.fail('arms', 'must have different names');
  if (Math.abs(sumOfShares(arms) - 1) > SHARES_TOLERANCE)
    checks.fail('arms', 'must have shares that add up to 1: those held out are not among them');
};

const checkArmName = (checks: FieldChecks, path: string, name: string): void => {
  checks.present(path, name);
  checks.code(path, name);
  if (name === CONTROL) checks.fail(path, `must not be ${CONTROL}: that is the arm of those held out`);
};

export const sumOfShares = (arms: readonly Arm[]): number => arms.reduce((sum, { share }) => sum + share, 0);

const checkSegment = (checks: FieldChecks, { segment }: CampaignLaunchedData): void => {
  if (segment === undefined) return;
  const { sql, position } = segment;
  if (typeof sql !== 'string' || sql.trim() === '' || sql.length > MAX_SQL_LENGTH)
    checks.fail('segment.sql', `must be a SELECT of at most ${MAX_SQL_LENGTH} characters`);
  checks.present('segment.position', position);
  checks.count('segment.position', position, Number.MAX_SAFE_INTEGER);
};

const checkCustomers = (checks: FieldChecks, { customers }: CampaignLaunchedData): void => {
  if (customers === undefined) return;
  customers.forEach((id, index) => {
    checks.present(`customers[${index}]`, id);
    checks.id(`customers[${index}]`, id);
  });
  const characters = customers.reduce((sum, id) => sum + (id?.length ?? 0), 0);
  if (customers.length === 0) checks.fail('customers', 'must not be empty');
  if (customers.length > MAX_LISTED_CUSTOMERS || characters > MAX_LISTED_CHARACTERS)
    checks.fail(
      'customers',
      `must be at most ${MAX_LISTED_CUSTOMERS} ids of ${MAX_LISTED_CHARACTERS} characters in all; use a segment`,
    );
};

/** @throws PerennialError `validation-failed` when the launch names its members otherwise than the plan says */
export const checkLaunchFitsPlan = (launch: CampaignLaunchedData, plan: CampaignPlannedData): void => {
  const checks = new FieldChecks();
  const { segment, customers } = launch;
  const unwanted =
    plan.audience === 'none'
      ? 'must be left out: the campaign has no audience'
      : plan.imported
        ? 'must be left out: the members are imported'
        : undefined;
  if (unwanted !== undefined) {
    if (segment !== undefined) checks.fail('segment', unwanted);
    if (customers !== undefined) checks.fail('customers', unwanted);
  } else if (segment === undefined && customers === undefined)
    checks.fail('segment', 'must be given, or a list of customers');
  else if (segment !== undefined && customers !== undefined)
    checks.fail('customers', 'must be left out where there is a segment');
  checks.done();
};
