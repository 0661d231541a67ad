import {
  type Audience,
  audiences,
  type CampaignPhase,
  campaignPhases,
  type PrimaryMetric,
  primaryMetrics,
} from '#crm/campaign/campaign-types';
import { Amount, Code, Label, Money, ReasonCode } from '../validation/crm-fields.js';
import {
  type FieldOptions,
  Flag,
  Fraction,
  Id,
  Many,
  Matching,
  Nested,
  OccurredAt,
  OneOf,
  Text,
  Whole,
} from '../validation/fields.js';

const MAX_ARMS = 20;
const MAX_WINDOW_DAYS = 3650;
const MAX_SQL_LENGTH = 20_000;
const MAX_LISTED_CUSTOMERS = 10_000;

export const CampaignId = (options: FieldOptions = {}): PropertyDecorator =>
  Id({ description: 'Your own id of the campaign.', example: 'spring-2024', ...options });

/** A campaign's command: which campaign, and when. */
class OfCampaign {
  @CampaignId()
  campaignId!: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class Arm {
  @Code({ description: 'Not `control`: that is the arm of those held out.', example: 'letter' })
  name!: string;

  @Fraction({
    min: 0,
    max: 1,
    description: 'Share of those who are not held out, above 0; the shares of all arms add up to 1.',
    example: 0.5,
  })
  share!: number;
}

export class PlanCampaign {
  @CampaignId({ optional: true })
  campaignId?: string;

  @Label({ description: 'Name for people to read.', example: 'Spring offer 2024' })
  name!: string;

  @Label({ description: 'What it is to achieve.', example: 'second purchase within 60 days' })
  goal!: string;

  @OneOf(campaignPhases, { description: 'Where in the relationship it works.', example: 'retention' })
  phase!: CampaignPhase;

  @Code({ description: 'By which channel.', example: 'post' })
  channel!: string;

  @Amount({ optional: true, description: 'Fixed cost as planned, without that of the touches.' })
  cost?: Money;

  @OneOf(audiences, {
    optional: true,
    description: 'none: mass advertising, whose members nobody knows. Default: selected.',
    example: 'selected',
  })
  audience?: Audience;

  @Many(() => Arm, { optional: true, max: MAX_ARMS, description: 'Default: one arm, `treatment`.' })
  arms?: Arm[];

  @Fraction({
    optional: true,
    min: 0,
    max: 1,
    description: 'Probability of being held out, below 1. Default: 0.1.',
    example: 0.1,
  })
  holdOut?: number;

  @Id({
    optional: true,
    description: 'Makes the assignment independent of that of other campaigns. Default: made by the server.',
    example: 'spring-2024-a',
  })
  salt?: string;

  @OneOf(primaryMetrics, {
    optional: true,
    description: 'By what it is judged. Default: revenue.',
    example: 'revenue',
  })
  primaryMetric?: PrimaryMetric;

  @Whole({
    optional: true,
    min: 1,
    max: MAX_WINDOW_DAYS,
    description: 'Days from the launch in which outcomes count. Default: 30.',
    example: 60,
  })
  outcomeWindowDays?: number;

  @Flag({
    optional: true,
    description: 'Arms, and perhaps outcomes, come from elsewhere (AssignMember). Default: false.',
    example: false,
  })
  imported?: boolean;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class Segment {
  @Text({
    max: MAX_SQL_LENGTH,
    description: 'One SELECT with the column customer_id.',
    example: 'SELECT customer_id FROM crm.customer_rfm WHERE recency_days > 90',
  })
  sql!: string;

  @Whole({
    optional: true,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Event position as of which it is evaluated. Default: what has landed.',
  })
  position?: number;
}

export class LaunchCampaign extends OfCampaign {
  @Nested(() => Segment, { optional: true, description: 'The members; or give a list of customers.' })
  segment?: Segment;

  @Id({
    optional: true,
    listOf: MAX_LISTED_CUSTOMERS,
    description: 'The members, where no segment says who they are.',
    example: ['c-1001', 'c-1002'],
  })
  customers?: string[];
}

export class FreezeAudience extends OfCampaign {
  @Whole({ min: 0, max: Number.MAX_SAFE_INTEGER, description: 'How many members were imported.', example: 1 })
  count!: number;

  @Matching({
    form: /^[0-9a-f]{16}$/,
    max: 16,
    reason: 'must be 16 hexadecimal digits',
    description: 'Checksum of the members, see the documentation of imports.',
    example: '0f1e2d3c4b5a6978',
  })
  checksum!: string;
}

export class EndCampaign extends OfCampaign {
  @ReasonCode({ optional: true, description: 'Why, as a code.', example: 'as-planned' })
  reason?: string;
}

export class RecordCampaignCost extends OfCampaign {
  @Amount({ description: 'The fixed cost as known now; replaces what was planned or recorded before.' })
  cost!: Money;

  @ReasonCode({ optional: true, description: 'Why, as a code.', example: 'invoice' })
  reason?: string;
}

export const campaignDtos = {
  PlanCampaign: { type: PlanCampaign },
  LaunchCampaign: { type: LaunchCampaign },
  FreezeAudience: { type: FreezeAudience },
  EndCampaign: { type: EndCampaign },
  RecordCampaignCost: { type: RecordCampaignCost },
} as const;
