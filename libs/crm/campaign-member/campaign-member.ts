import type { CommandMetadata, Decider, Stored } from '#eventing/decider';
import { conflict, notFound, refused } from '#eventing/errors';
import { assignArm } from '../campaign/assign-arm.js';
import { sameFact } from '../same-fact.js';
import { checkFields, plannedAssignment } from './campaign-member-fields.js';
import type {
  AssignMember,
  AssignMemberData,
  AssignSelectedMember,
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
    case 'AssignSelectedMember':
      return draw(command, campaign, state);
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

const draw = (
  { data: { campaignId, customerId } }: AssignSelectedMember,
  campaign: CampaignFacts,
  state: CampaignMemberState,
): readonly CampaignMemberEvent[] => {
  if (campaign.imported) throw refused('campaign-imported', 'The members of this campaign are imported.');
  if (state.member) return [];
  demandAssigning(campaign);
  const assignment = assignArm(campaign.salt, customerId, campaign.arms, campaign.holdOut);
  return [{ type: 'MemberAssigned', data: { campaignId, customerId, ...assignment } }];
};

const assign = (
  { data }: AssignMember,
  campaign: CampaignFacts,
  state: CampaignMemberState,
): readonly CampaignMemberEvent[] => {
  const { campaignId, customerId, outcome, covariates } = data;
  if (!campaign.imported)
    throw refused('campaign-not-imported', 'The members of this campaign are not imported but selected.');
  const assignment = plannedAssignment(data.arm, campaign);
  if (state.member) return assignAgain(data, state.member, state.outcome);
  demandAssigning(campaign);
  const member: CampaignMemberEvent = {
    type: 'MemberAssigned',
    data: { campaignId, customerId, ...assignment, ...(covariates && { covariates }) },
  };
  return outcome ? [member, outcomeImported(data, outcome)] : [member];
};

const demandAssigning = ({ launched, audienceFrozen, ended }: CampaignFacts): void => {
  if (!launched) throw refused('campaign-not-launched', 'The campaign was not launched yet.');
  if (audienceFrozen) throw refused('audience-frozen', 'The audience is frozen: nobody can join.');
  if (ended) throw refused('campaign-ended', 'The campaign has ended.');
};

/** An import may bring the outcome later than the arm; nothing else about an assignment ever changes. */
const assignAgain = (
  data: AssignMemberData,
  member: MemberAssignedData,
  known: Outcome | undefined,
): readonly CampaignMemberEvent[] => {
  const { arm, covariates, outcome, customerId } = data;
  const otherwise =
    arm !== member.arm || (covariates !== undefined && !sameFact(covariates, member.covariates));
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
