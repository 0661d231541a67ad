import { invalid } from '#eventing/errors';
import { type Assignment, assignmentTo, CONTROL } from '../campaign/assign-arm.js';
import { FieldChecks } from '../field-checks.js';
import { checkMoney } from '../money.js';
import {
  type AssignMemberData,
  type CampaignFacts,
  type CampaignMemberCommand,
  type Outcome,
  type RecordResponseData,
  type RecordTouchData,
  touches,
  unsubscribeScopes,
} from './campaign-member-types.js';

const MAX_COVARIATES = 50;
const MAX_COUNT = 1_000_000;

/** @throws PerennialError `validation-failed` */
export const checkFields = (command: CampaignMemberCommand): void => {
  const { campaignId, customerId } = command.data;
  const checks = new FieldChecks();
  checks.present('campaignId', campaignId);
  checks.present('customerId', customerId);
  checks.id('campaignId', campaignId);
  checks.id('customerId', customerId);
  switch (command.type) {
    case 'AssignSelectedMember':
      break;
    case 'AssignMember':
      checkAssignment(checks, command.data);
      break;
    case 'RecordTouch':
      checkTouch(checks, command.data);
      break;
    case 'RecordCampaignResponse':
      checkResponse(checks, command.data);
      break;
    default:
      command satisfies never;
  }
  checks.done();
};

const checkAssignment = (checks: FieldChecks, { arm, outcome, covariates }: AssignMemberData): void => {
  checks.present('arm', arm);
  checks.code('arm', arm);
  if (outcome) checkOutcome(checks, outcome);
  if (covariates) checkCovariates(checks, covariates);
};

const checkOutcome = (checks: FieldChecks, { visits, conversions, spend }: Outcome): void => {
  checks.count('outcome.visits', visits, MAX_COUNT);
  checks.count('outcome.conversions', conversions, MAX_COUNT);
  checkMoney(checks, 'outcome.spend', spend);
  if (visits === undefined && conversions === undefined && spend === undefined)
    checks.fail('outcome', 'must say something');
};

const checkCovariates = (checks: FieldChecks, covariates: Readonly<Record<string, number>>): void => {
  const entries = Object.entries(covariates);
  if (entries.length > MAX_COVARIATES) checks.fail('covariates', `must be at most ${MAX_COVARIATES}`);
  for (const [name, value] of entries) {
    checks.code(`covariates.${name}`, name);
    if (!Number.isFinite(value)) checks.fail(`covariates.${name}`, 'must be a number');
  }
};

const checkTouch = (checks: FieldChecks, data: RecordTouchData): void => {
  checks.present('touchId', data.touchId);
  checks.present('touch', data.touch);
  checks.id('touchId', data.touchId);
  checks.oneOf('touch', data.touch, touches);
  checks.code('channel', data.channel);
  checks.count('step', data.step, 1000);
  checkMoney(checks, 'cost', data.cost);
  checks.code('detail', data.detail);
  checks.oneOf('scope', data.scope, unsubscribeScopes);
  if (data.scope !== undefined && data.touch !== 'unsubscribed')
    checks.fail('scope', 'must be left out: only unsubscribing has one');
};

const checkResponse = (checks: FieldChecks, data: RecordResponseData): void => {
  checks.present('responseId', data.responseId);
  checks.present('kind', data.kind);
  checks.id('responseId', data.responseId);
  checks.code('kind', data.kind);
  checks.id('touchId', data.touchId);
  checks.code('channel', data.channel);
  checks.id('orderId', data.orderId);
  checks.sealed('note', data.note);
};

/** @throws PerennialError `validation-failed` for an arm that the plan does not have, or gives to nobody */
export const plannedAssignment = (arm: string, { arms, holdOut }: CampaignFacts): Assignment => {
  const assignment = assignmentTo(arm, arms, holdOut);
  if (assignment && assignment.probability > 0) return assignment;
  const names = [...(holdOut > 0 ? [CONTROL] : []), ...arms.map(({ name }) => name)];
  const reason = `must be an arm of the plan: ${names.join(', ')}`;
  throw invalid('validation-failed', `The arm ${reason}.`, [{ path: 'arm', reason }]);
};
