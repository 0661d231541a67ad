import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { Money } from '../money.js';

/** Where in the relationship the campaign works. */
export const campaignPhases = ['acquisition', 'retention', 'win-back', 'termination'] as const;
export type CampaignPhase = (typeof campaignPhases)[number];

export const primaryMetrics = ['conversion', 'revenue', 'visit'] as const;
export type PrimaryMetric = (typeof primaryMetrics)[number];

/** `none`: mass advertising, whose members nobody knows: it has cost and no causal figure. */
export const audiences = ['selected', 'none'] as const;
export type Audience = (typeof audiences)[number];

export interface Arm {
  readonly name: string;
  /** Of those who are not held out; the shares of all arms add up to 1. */
  readonly share: number;
}

interface OfCampaign {
  readonly campaignId: string;
}

export interface CampaignPlannedData extends OfCampaign {
  readonly name: string;
  readonly goal: string;
  readonly phase: CampaignPhase;
  readonly channel: string;
  /** Fixed cost as planned, without that of the touches. */
  readonly cost?: Money;
  readonly audience: Audience;
  /** Without those held out, who are the arm `control`. Empty without audience. */
  readonly arms: readonly Arm[];
  /** Probability of being held out; 0 without audience. */
  readonly holdOut: number;
  /** Makes the assignment of this campaign independent of that of any other. */
  readonly salt: string;
  readonly primaryMetric: PrimaryMetric;
  /** Days from the launch in which outcomes count. */
  readonly outcomeWindowDays: number;
  /** Arms, and perhaps outcomes, come from elsewhere, see AssignMember. */
  readonly imported: boolean;
}

export interface Segment {
  /** One SELECT with the column `customer_id`. */
  readonly sql: string;
  /** The event position as of which it is evaluated. */
  readonly position: number;
}

/** By segment, by list, or by neither: without audience, and where members are imported. */
export interface CampaignLaunchedData extends OfCampaign {
  readonly segment?: Segment;
  readonly customers?: readonly string[];
}

/** The checksum is that of audience-checksum.ts. */
export interface AudienceSelectedData extends OfCampaign {
  readonly count: number;
  readonly checksum: string;
}

/** All members are assigned; from here on touches may be requested. */
export interface AudienceFrozenData extends OfCampaign {
  readonly count: number;
  readonly checksum: string;
}

/** Why a launch could not go on: a code, and a sentence for whoever wrote the segment. */
export interface CampaignLaunchFailedData extends OfCampaign {
  readonly code: string;
  readonly message: string;
}

export interface CampaignEndedData extends OfCampaign {
  readonly reason?: string;
}

/** The fixed cost as known now, without that of the touches; replaces what was planned or recorded before. */
export interface CampaignCostRecordedData extends OfCampaign {
  readonly cost: Money;
  readonly reason?: string;
}

type Defaulted =
  | 'audience'
  | 'arms'
  | 'holdOut'
  | 'salt'
  | 'primaryMetric'
  | 'outcomeWindowDays'
  | 'imported';

/** What is left out gets its default, see `planned` in campaign.ts; `campaignId` is made when left out. */
export type PlanCampaignData = Omit<CampaignPlannedData, Defaulted> &
  Partial<Pick<CampaignPlannedData, Defaulted>>;

export type PlanCampaign = Command<'PlanCampaign', PlanCampaignData>;
/**
 * A segment's `position` is filled in by the command side where the caller leaves it out: the landed position.
 * A launch that failed may be sent again, also for other customers as long as none were selected.
 */
export type LaunchCampaign = Command<'LaunchCampaign', CampaignLaunchedData>;
/** Sent by the launch process only. */
export type SelectAudience = Command<'SelectAudience', AudienceSelectedData>;
/** Sent by the launch process only, when all who were selected are members. */
export type FreezeSelectedAudience = Command<'FreezeSelectedAudience', AudienceFrozenData>;
/** Sent by the launch process only, when the audience cannot be found or is not what it was. */
export type FailLaunch = Command<'FailLaunch', CampaignLaunchFailedData>;
/** Of an imported campaign, when all its members are imported. */
export type FreezeAudience = Command<'FreezeAudience', AudienceFrozenData>;
export type EndCampaign = Command<'EndCampaign', CampaignEndedData>;
export type RecordCampaignCost = Command<'RecordCampaignCost', CampaignCostRecordedData>;

export type CampaignCommand =
  | PlanCampaign
  | LaunchCampaign
  | SelectAudience
  | FreezeSelectedAudience
  | FailLaunch
  | FreezeAudience
  | EndCampaign
  | RecordCampaignCost;

export type CampaignPlanned = DomainEvent<'CampaignPlanned', CampaignPlannedData>;
export type CampaignLaunched = DomainEvent<'CampaignLaunched', CampaignLaunchedData>;
export type AudienceSelected = DomainEvent<'AudienceSelected', AudienceSelectedData>;
export type AudienceFrozen = DomainEvent<'AudienceFrozen', AudienceFrozenData>;
export type CampaignLaunchFailed = DomainEvent<'CampaignLaunchFailed', CampaignLaunchFailedData>;
export type CampaignEnded = DomainEvent<'CampaignEnded', CampaignEndedData>;
export type CampaignCostRecorded = DomainEvent<'CampaignCostRecorded', CampaignCostRecordedData>;

export type CampaignEvent =
  | CampaignPlanned
  | CampaignLaunched
  | AudienceSelected
  | AudienceFrozen
  | CampaignLaunchFailed
  | CampaignEnded
  | CampaignCostRecorded;
