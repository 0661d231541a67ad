import { type AgentKind, agentKinds } from '#crm/interaction/interaction';
import { type Direction, directions, knownChannels, type Sentiment, sentiments } from '#crm/vocabulary';
import { Amount, Code, FreeText, Money, Note } from '../validation/crm-fields.js';
import { type FieldOptions, Id, Nested, OccurredAt, OneOf, Whole } from '../validation/fields.js';
import { ReplacedBy, VoidReason } from '../validation/voiding-fields.js';

const A_YEAR_IN_SECONDS = 366 * 86_400;

const InteractionId = (options: FieldOptions = {}): PropertyDecorator =>
  Id({ description: 'Your own id of the contact.', example: 'i-7001', ...options });

export class Agent {
  @OneOf(agentKinds, { example: 'employee' })
  kind!: AgentKind;

  @Id({ optional: true, description: 'Never a name.', example: 'agent-17' })
  id?: string;
}

export class RecordInteraction {
  @InteractionId({ optional: true })
  interactionId?: string;

  @Id({ optional: true, description: 'With whom; may be left out.', example: 'c-1001' })
  customerId?: string;

  @Id({
    optional: true,
    description: 'A visitor not yet known to be a customer: a cookie, a device, a card without a name.',
    example: 'device-3f9a',
  })
  visitorId?: string;

  @OccurredAt()
  occurredAt!: string;

  @Code({ description: `By which channel. Reports know ${knownChannels.join(', ')}.`, example: 'phone' })
  channel!: string;

  @OneOf(directions, { optional: true, description: 'Who began it, seen from the company.' })
  direction?: Direction;

  @Code({ optional: true, description: 'Call, message, page-view, appointment ...', example: 'call' })
  kind?: string;

  @Code({ optional: true, description: 'Why the contact was made.', example: 'delivery' })
  contactReason?: string;

  @Id({ optional: true, description: 'Order it belongs to.', example: 'o-5001' })
  orderId?: string;

  @Id({ optional: true, description: 'Complaint it belongs to.', example: 'k-3001' })
  complaintId?: string;

  @Id({ optional: true, description: 'Campaign it belongs to.', example: 'spring-2024' })
  campaignId?: string;

  @Id({ optional: true, description: 'Conversation it is part of.', example: 'thread-88' })
  threadId?: string;

  @Whole({ optional: true, min: 0, max: A_YEAR_IN_SECONDS, description: 'How long it took.', example: 310 })
  durationSeconds?: number;

  @Amount({ optional: true, description: 'What it cost the company.' })
  cost?: Money;

  @Nested(() => Agent, { optional: true, description: "Who dealt with it on the company's side." })
  agent?: Agent;

  @OneOf(sentiments, { optional: true, description: 'If known.', example: 'neutral' })
  sentiment?: Sentiment;

  @FreeText({
    optional: true,
    description: 'What was said or written. Kept encrypted.',
    example: 'Asked when the parcel would come.',
  })
  text?: string;
}

export class VoidInteraction {
  @InteractionId()
  interactionId!: string;

  @VoidReason()
  reason!: string;

  @ReplacedBy('Contact that takes its place.', 'i-7002')
  replacedBy?: string;

  @Note()
  note?: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export const interactionDtos = {
  RecordInteraction: { type: RecordInteraction },
  VoidInteraction: { type: VoidInteraction },
} as const;
