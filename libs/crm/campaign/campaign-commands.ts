import { streamName } from '#eventing/stream-name';
import type { CommandType } from '../command-type.js';
import { type CampaignState, campaign } from './campaign.js';
import type { CampaignCommand, CampaignEvent } from './campaign-types.js';

type CampaignCommandType = CommandType<CampaignState, CampaignCommand, CampaignEvent>;

const commandType = (
  type: CampaignCommand['type'],
  more: Partial<CampaignCommandType> = {},
): CampaignCommandType => ({
  type,
  decider: campaign,
  stream: (data) => streamName('campaign', data.campaignId),
  customer: () => null,
  personal: [],
  ...more,
});

export const campaignCommands: readonly CampaignCommandType[] = [
  commandType('PlanCampaign', { idField: 'campaignId' }),
  commandType('LaunchCampaign'),
  commandType('SelectAudience', { internal: true }),
  commandType('FreezeSelectedAudience', { internal: true }),
  commandType('FailLaunch', { internal: true }),
  commandType('FreezeAudience'),
  commandType('EndCampaign'),
  commandType('RecordCampaignCost'),
];
