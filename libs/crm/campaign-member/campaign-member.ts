import type { CommandMetadata, Decider, Stored } from '#eventing/decider';
import { conflict, notFound, refused } from '#eventing/errors';
import { assignArm } from '../campaign/assign-arm.js';
import { sameFact } from '../same-fact.js';
import { checkFields, importedAssignment } from './campaign-member-fields.js';
import type {
  AssignMember,
  AssignMemberData,
  CampaignFacts,
  CampaignMemberCommand,
  CampaignMemberEvent,
  MemberAssignedData,
  Outcome,
  RecordCampaignResponse,
  RecordTouch,
} from './campaign-member-types.js';
import { demandPossible, touchEvents } from './touches.js';

// ---- state

export interface CampaignMemberState {
  readonly member?: MemberAssignedData;
  /** Business date of the assignment. */
  readonly assignedOn: string;
  readonly outcome?: Outcome;
  /** Touches, contaminations and responses, by which a repeated one is recognised: tens, not thousands. */
  readonly facts: readonly Stored<CampaignMemberEvent>[];
}

const initialState: CampaignMemberState = { assignedOn: '', facts: [] };

// ---- decide

const decide = (
  command: CampaignMemberCommand,
  state: CampaignMemberState,
): readonly CampaignMemberEvent[] => {
  checkFields(command);
  const campaign = demandCampaign(command);
  switch (command.type) {
    case 'AssignMember':
      return assign(command, campaign, state);
    case 'RecordTouch':
      return recordTouch(command, campaign, state);
    case 'RecordCampaignResponse':
      return recordResponse(command, state);
    default:
      return command satisfies never;
  }
};

const demandCampaign = ({ data: { campaign, campaignId } }: CampaignMemberCommand): CampaignFacts => {
  if (!campaign) throw notFound('campaign-not-found', `There is no campaign ${campaignId}.`);
  if (campaign.audience === 'none')
    throw refused('campaign-without-audience', 'The campaign has no audience.');
  return campaign;
};

const assign = (
  { data }: AssignMember,
  campaign: CampaignFacts,
  state: CampaignMemberState,
): readonly CampaignMemberEvent[] => {
  const { campaignId, customerId, outcome, covariates } = data;
  const imported = importedAssignment(data, campaign);
  if (state.member) return assignAgain(data, state.member, state.outcome);
  if (!campaign.launched) throw refused('campaign-not-launched', 'The campaign was not launched yet.');
  if (campaign.audienceFrozen) throw refused('audience-frozen', 'The audience is frozen: nobody can join.');
  if (campaign.ended) throw refused('campaign-ended', 'The campaign has ended.');
  const assignment = imported ?? assignArm(campaign.salt, customerId, campaign.arms, campaign.holdOut);
  const member: CampaignMemberEvent = {
    type: 'MemberAssigned',
    data: { campaignId, customerId, ...assignment, ...(covariates && { covariates }) },
  };
  return outcome ? [member, outcomeImported(data, outcome)] : [member];
};

/** An import may bring the outcome later than the arm; nothing else about an assignment ever changes. */
const assignAgain = (
  data: AssignMemberData,
  member: MemberAssignedData,
  known: Outcome | undefined,
): readonly CampaignMemberEvent[] => {
  const { arm, covariates, outcome, customerId } = data;
  const otherwise =
    (arm !== undefined && arm !== member.arm) ||
    (covariates !== undefined && !sameFact(covariates, member.covariates));
  if (otherwise)
    throw conflict('member-assigned', `Customer ${customerId} was assigned to ${member.arm} otherwise.`);
  if (!outcome) return [];
  if (!known) return [outcomeImported(data, outcome)];
  if (sameFact(known, outcome)) return [];
  throw conflict('outcome-exists', `Another outcome of customer ${customerId} was imported before.`);
};

const outcomeImported = (
  { campaignId, customerId }: AssignMemberData,
  { visits, conversions, spend }: Outcome,
): CampaignMemberEvent => ({
  type: 'OutcomeImported',
  data: { campaignId, customerId, visits, conversions, spend },
});

const recordTouch = (
  { data, metadata }: RecordTouch,
  campaign: CampaignFacts,
  state: CampaignMemberState,
): readonly CampaignMemberEvent[] => {
  if (!campaign.audienceFrozen)
    throw refused('audience-not-frozen', 'The members are still being assigned: no touches yet.');
  const member = demandMember(data.customerId, metadata, state);
  const events = touchEvents(data, member.heldOut);
  if (events.every((event) => alreadySo(event, metadata, state))) return [];
  demandPossible(data, metadata, member, campaign, state.facts);
  return events;
};

const recordResponse = (
  { data, metadata }: RecordCampaignResponse,
  state: CampaignMemberState,
): readonly CampaignMemberEvent[] => {
  demandMember(data.customerId, metadata, state);
  const { campaign: _campaign, ...response } = data;
  const event: CampaignMemberEvent = { type: 'CampaignResponseRecorded', data: response };
  if (alreadySo(event, metadata, state)) return [];
  const used = state.facts.some(
    (fact) => fact.type === 'CampaignResponseRecorded' && fact.data.responseId === data.responseId,
  );
  if (used) throw conflict('response-exists', `Response ${data.responseId} was recorded with other content.`);
  return [event];
};

const demandMember = (
  customerId: string,
  { businessDate }: CommandMetadata,
  { member, assignedOn }: CampaignMemberState,
): MemberAssignedData => {
  if (!member) throw notFound('member-not-found', `Customer ${customerId} is no member of the campaign.`);
  if (businessDate < assignedOn)
    throw refused('before-assignment', `The customer became a member on ${assignedOn}.`, [
      { path: 'occurredAt', reason: `must not be before the assignment on ${assignedOn}` },
    ]);
  return member;
};

const alreadySo = (
  event: CampaignMemberEvent,
  { occurredAt }: CommandMetadata,
  { facts }: CampaignMemberState,
): boolean =>
  facts.some(
    (fact) =>
      fact.type === event.type && fact.metadata.occurredAt === occurredAt && sameFact(fact.data, event.data),
  );

// ---- evolve

const evolve: typeof campaignMember.evolve = (state, event) => {
  switch (event.type) {
    case 'MemberAssigned':
      return { ...state, member: event.data, assignedOn: event.metadata.businessDate };
    case 'OutcomeImported': {
      const { visits, conversions, spend } = event.data;
      return { ...state, outcome: { visits, conversions, spend } };
    }
    case 'TouchRequested':
    case 'TouchSent':
    case 'TouchDelivered':
    case 'TouchOpened':
    case 'TouchClicked':
    case 'TouchBounced':
    case 'TouchUnsubscribed':
    case 'ContaminationRecorded':
    case 'CampaignResponseRecorded':
      return { ...state, facts: [...state.facts, event] };
    default:
      event satisfies never;
      return state;
  }
};

export const campaignMember: Decider<CampaignMemberState, CampaignMemberCommand, CampaignMemberEvent> = {
  initialState,
  decide,
  evolve,
};
