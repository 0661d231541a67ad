import { type Severity, severities } from '#crm/vocabulary';
import { Code, FreeText, Note } from '../validation/crm-fields.js';
import { type FieldOptions, Id, OccurredAt, OneOf, Whole } from '../validation/fields.js';
import { ReplacedBy, VoidReason } from '../validation/voiding-fields.js';

const MAX_NAMED_CUSTOMERS = 1_000;
const MAX_AFFECTED = 10_000_000_000;

const ServiceFailureId = (options: FieldOptions = {}): PropertyDecorator =>
  Id({ description: 'Your own id of the failure.', example: 'f-9001', ...options });

export class RecordServiceFailure {
  @ServiceFailureId({ optional: true })
  serviceFailureId?: string;

  @OccurredAt()
  occurredAt!: string;

  @Code({ description: 'What went wrong.', example: 'late-delivery' })
  kind!: string;

  @OneOf(severities, { optional: true, example: 'medium' })
  severity?: Severity;

  @Id({ optional: true, description: 'Order concerned.', example: 'o-5001' })
  orderId?: string;

  @Id({ optional: true, description: 'Stock keeping unit concerned.', example: 'cup-blue' })
  sku?: string;

  @Id({
    optional: true,
    listOf: MAX_NAMED_CUSTOMERS,
    description: 'Customers affected, where they are known. With exactly one the failure is theirs.',
    example: ['c-1001'],
  })
  affectedCustomers?: string[];

  @Whole({
    optional: true,
    min: 0,
    max: MAX_AFFECTED,
    description: 'How many are affected, where it is known; at least as many as are named.',
    example: 1,
  })
  affectedCount?: number;

  @Code({ optional: true, description: 'Employee, customer, monitoring, audit ...', example: 'monitoring' })
  detectedBy?: string;

  @FreeText({
    optional: true,
    description: 'What happened. Kept encrypted.',
    example: 'The parcel lay in the wrong depot for three days.',
  })
  description?: string;
}

export class VoidServiceFailure {
  @ServiceFailureId()
  serviceFailureId!: string;

  @VoidReason()
  reason!: string;

  @ReplacedBy('Failure that takes its place.', 'f-9002')
  replacedBy?: string;

  @Note()
  note?: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export const serviceFailureDtos = {
  RecordServiceFailure: { type: RecordServiceFailure },
  VoidServiceFailure: { type: VoidServiceFailure },
} as const;
