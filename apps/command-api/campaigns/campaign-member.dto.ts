import {
  type Touch,
  touches,
  type UnsubscribeScope,
  unsubscribeScopes,
} from '#crm/campaign-member/campaign-member-types';
import { Amount, Code, Figures, FreeText, Money } from '../validation/crm-fields.js';
import { Id, Nested, OccurredAt, OneOf, Whole } from '../validation/fields.js';
import { CampaignId } from './campaign.dto.js';

const MAX_COVARIATES = 50;
const MAX_COUNT = 1_000_000;
const MAX_STEP = 1_000;

class OfMember {
  @CampaignId()
  campaignId!: string;

  @Id({ description: 'The member.', example: 'c-1001' })
  customerId!: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class Outcome {
  @Whole({ optional: true, min: 0, max: MAX_COUNT, description: 'Visits.', example: 2 })
  visits?: number;

  @Whole({ optional: true, min: 0, max: MAX_COUNT, description: 'Purchases.', example: 1 })
  conversions?: number;

  @Amount({ optional: true, description: 'Money spent.' })
  spend?: Money;
}

export class AssignMember extends OfMember {
  @Code({ description: 'An arm of the plan, or `control` for those held out.', example: 'letter' })
  arm!: string;

  @Nested(() => Outcome, { optional: true, description: 'What the member did in the outcome window.' })
  outcome?: Outcome;

  @Figures({
    optional: true,
    max: MAX_COVARIATES,
    description: 'Figures from before the assignment.',
    example: { spendLastYear: 182.5 },
  })
  covariates?: Record<string, number>;
}

export class RecordTouch extends OfMember {
  @Id({
    optional: true,
    description: 'One message: its sending, delivery, opening ... carry the same.',
    example: 't-1',
  })
  touchId?: string;

  @OneOf(touches, { description: 'What happened to the message.', example: 'sent' })
  touch!: Touch;

  @Code({ optional: true, description: 'By which channel.', example: 'post' })
  channel?: string;

  @Whole({ optional: true, min: 0, max: MAX_STEP, description: 'Which message of a sequence.', example: 1 })
  step?: number;

  @Amount({ optional: true, description: 'What it cost.' })
  cost?: Money;

  @Code({ optional: true, description: 'Why it bounced, or which link was clicked.', example: 'offer' })
  detail?: string;

  @OneOf(unsubscribeScopes, {
    optional: true,
    description: 'Of `unsubscribed`, and only of it: this campaign, its channel, or all advertising.',
    example: 'campaign',
  })
  scope?: UnsubscribeScope;
}

export class RecordCampaignResponse extends OfMember {
  @Id({ optional: true, description: 'Your own id of the response.', example: 'response-1' })
  responseId?: string;

  @Code({ description: 'Coupon, reply, appointment ...', example: 'coupon' })
  kind!: string;

  @Id({ optional: true, description: 'Message responded to.', example: 't-1' })
  touchId?: string;

  @Code({ optional: true, description: 'By which channel.', example: 'store' })
  channel?: string;

  @Id({ optional: true, description: 'Order that came of it.', example: 'o-5001' })
  orderId?: string;

  @FreeText({ optional: true, description: 'Words to it. Kept encrypted.', example: 'Liked the card.' })
  note?: string;
}

export const campaignMemberDtos = {
  AssignMember: { type: AssignMember },
  RecordTouch: { type: RecordTouch },
  RecordCampaignResponse: { type: RecordCampaignResponse },
} as const;
