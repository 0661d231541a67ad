import { streamName } from '#eventing/stream-name';
import type { CommandType } from '../command-type.js';
import { type CampaignMemberState, campaignMember } from './campaign-member.js';
import type { CampaignMemberCommand, CampaignMemberEvent } from './campaign-member-types.js';

type CampaignMemberCommandType = CommandType<CampaignMemberState, CampaignMemberCommand, CampaignMemberEvent>;

const commandType = (
  type: CampaignMemberCommand['type'],
  more: Partial<CampaignMemberCommandType> = {},
): CampaignMemberCommandType => ({
  type,
  decider: campaignMember,
  stream: ({ campaignId, customerId }) => streamName('campaign-member', campaignId, customerId),
  customer: ({ customerId }) => customerId,
  personal: [],
  filledByServer: ['campaign'],
  ...more,
});

export const campaignMemberCommands: readonly CampaignMemberCommandType[] = [
  commandType('AssignSelectedMember', { internal: true }),
  commandType('AssignMember'),
  commandType('RecordTouch', { idField: 'touchId' }),
  commandType('RecordCampaignResponse', { idField: 'responseId', personal: ['note'] }),
];
