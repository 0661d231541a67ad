import {
  type ComplaintSource,
  complaintSources,
  type RedressKind,
  redressKinds,
} from '#crm/complaint/complaint-types';
import { type Severity, severities } from '#crm/vocabulary';
import {
  Amount,
  Code,
  FlagFalse,
  FreeText,
  Label,
  Money,
  Note,
  ReasonCode,
} from '../validation/crm-fields.js';
import { Day, type FieldOptions, Flag, Id, Nested, OccurredAt, OneOf, Whole } from '../validation/fields.js';
import { ReplacedBy, VoidReason } from '../validation/voiding-fields.js';

const ComplaintId = (options: FieldOptions = {}): PropertyDecorator =>
  Id({ description: 'Your own id of the complaint.', example: 'k-3001', ...options });

const Why = (example: string): PropertyDecorator =>
  ReasonCode({ optional: true, description: 'Why, as a code.', example });

const Channel = (): PropertyDecorator =>
  Code({ optional: true, description: 'By which channel.', example: 'email' });

const DateKnown = (): PropertyDecorator =>
  FlagFalse({
    optional: true,
    description:
      'false: occurredAt is the earliest possible time, not a measured one; durations leave it out.',
  });

/** What a complaint is about, without its category. */
class Classification {
  @Label({ optional: true, description: 'Category within the category.', example: 'broken on arrival' })
  subcategory?: string;

  @Label({ optional: true, description: 'Product complained of.', example: 'Cup, blue' })
  product?: string;

  @Label({ optional: true, description: 'Product within the product.', example: 'handle' })
  subproduct?: string;

  @OneOf(severities, { optional: true, example: 'medium' })
  severity?: Severity;

  @Id({ optional: true, description: 'Order concerned.', example: 'o-5001' })
  orderId?: string;

  @Id({ optional: true, description: 'Stock keeping unit concerned.', example: 'cup-blue' })
  sku?: string;

  @Id({ optional: true, description: 'Service failure concerned.', example: 'f-9001' })
  serviceFailureId?: string;

  @Day({ optional: true, description: 'Day by which it is to be answered.', example: '2024-04-02' })
  dueDate?: string;
}

/** A follow-up to a complaint: which one, and when. */
class FollowUp {
  @ComplaintId()
  complaintId!: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

class FollowUpWithNote extends FollowUp {
  @Note()
  note?: string;
}

export class ComplaintAttributes {
  @Code({ optional: true, description: 'Country.', example: 'US' })
  country?: string;

  @Code({ optional: true, description: 'State or region.', example: 'FL' })
  region?: string;

  @Code({
    optional: true,
    description: 'Postal code: its first 4 characters, or up to 10 where nobody knows who complains.',
    example: '334',
  })
  postalArea?: string;
}

export class OpenComplaint extends Classification {
  @ComplaintId({ optional: true })
  complaintId?: string;

  @Id({ optional: true, description: 'Who complains; may be left out.', example: 'c-1001' })
  customerId?: string;

  @OccurredAt()
  occurredAt!: string;

  @Code({ description: 'By which channel it came.', example: 'phone' })
  channel!: string;

  @Label({ description: 'What it is about.', example: 'damaged goods' })
  category!: string;

  @OneOf(complaintSources, {
    optional: true,
    description: 'How it came about: stimulated are those that were asked for.',
    example: 'unsolicited',
  })
  source?: ComplaintSource;

  @FreeText({
    optional: true,
    description: 'What the customer says. Kept encrypted.',
    example: 'The cup came with its handle broken off.',
  })
  description?: string;

  @Id({ optional: true, description: 'The contact in which it was made.', example: 'i-7001' })
  interactionId?: string;

  @Nested(() => ComplaintAttributes, { optional: true, description: 'Further facts in the clear.' })
  attributes?: ComplaintAttributes;
}

export class AcknowledgeComplaint extends FollowUpWithNote {
  @Channel()
  channel?: string;
}

export class AssignComplaint extends FollowUpWithNote {
  @Code({ optional: true, description: 'To which unit; this or the assignee is needed.', example: 'claims' })
  unit?: string;

  @Id({ optional: true, description: 'To whom, by id, never by name.', example: 'agent-17' })
  assignee?: string;
}

export class SendComplaintOn extends FollowUpWithNote {
  @Label({ description: 'To which other company, supplier or authority.', example: 'Porcelain Works' })
  to!: string;
}

export class AwaitCustomer extends FollowUpWithNote {
  @Why('photo-needed')
  reason?: string;
}

export class AnswerComplaint extends FollowUp {
  @Label({ description: 'How it was answered.', example: 'replacement offered' })
  outcome!: string;

  @Flag({ optional: true, description: 'Whether the answer came in time.', example: true })
  timely?: boolean;

  @Channel()
  channel?: string;

  @FreeText({
    optional: true,
    description: 'What was written to the customer. Kept encrypted.',
    example: 'We are sorry, and send you a new cup.',
  })
  response?: string;

  @DateKnown()
  dateKnown?: false;
}

export class DisputeComplaint extends FollowUpWithNote {
  @Why('wants-refund')
  reason?: string;

  @DateKnown()
  dateKnown?: false;
}

export class ReclassifyComplaint extends Classification {
  @ComplaintId()
  complaintId!: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;

  @Label({ optional: true, description: 'What it is about after all.', example: 'packaging' })
  category?: string;

  @Why('cause-found')
  reason?: string;
}

export class GrantRedress extends FollowUpWithNote {
  @Id({ optional: true, description: 'Your own id of the redress.', example: 'redress-1' })
  redressId?: string;

  @OneOf(redressKinds, { description: 'What the customer was given.', example: 'replacement' })
  kind!: RedressKind;

  @Amount({ optional: true, description: 'What it costs the company, where known.' })
  cost?: Money;
}

export class ResolveComplaint extends FollowUpWithNote {
  @Label({ optional: true, description: 'What caused it.', example: 'thin packaging' })
  cause?: string;

  @Code({ optional: true, description: 'Unit that caused it.', example: 'shipping' })
  responsibleUnit?: string;

  @Amount({ optional: true, description: 'What handling it cost, without redress.' })
  handlingCost?: Money;

  @Label({
    optional: true,
    description: 'What was done so that it does not happen again.',
    example: 'thicker boxes',
  })
  correctiveAction?: string;
}

export class ReopenComplaint extends FollowUpWithNote {
  @Why('new-facts')
  reason?: string;
}

export class CloseComplaint extends FollowUpWithNote {
  @Why('settled')
  reason?: string;
}

export class ReportSatisfaction extends FollowUpWithNote {
  @Whole({ min: 1, max: 5, description: 'With the handling: 1 (not at all) to 5 (entirely).', example: 4 })
  score!: number;

  @Channel()
  channel?: string;
}

export class VoidComplaint extends FollowUpWithNote {
  @VoidReason()
  reason!: string;

  @ReplacedBy('Complaint that takes its place.', 'k-3002')
  replacedBy?: string;
}

export const complaintDtos = {
  OpenComplaint: { type: OpenComplaint },
  AcknowledgeComplaint: { type: AcknowledgeComplaint },
  AssignComplaint: { type: AssignComplaint },
  SendComplaintOn: { type: SendComplaintOn },
  AwaitCustomer: { type: AwaitCustomer },
  AnswerComplaint: { type: AnswerComplaint },
  DisputeComplaint: { type: DisputeComplaint },
  ReclassifyComplaint: { type: ReclassifyComplaint },
  GrantRedress: { type: GrantRedress },
  ResolveComplaint: { type: ResolveComplaint },
  ReopenComplaint: { type: ReopenComplaint },
  CloseComplaint: { type: CloseComplaint },
  ReportSatisfaction: { type: ReportSatisfaction },
  VoidComplaint: { type: VoidComplaint },
} as const;
