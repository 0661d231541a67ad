import {
  type CloseInitiator,
  type CustomerKind,
  type CustomerStage,
  closeInitiators,
  customerKinds,
  customerStages,
  type MergeReason,
  mergeReasons,
} from '#crm/customer/customer-types';
import { Code, FreeText, Note, ReasonCode } from '../validation/crm-fields.js';
import { type FieldOptions, Id, Matching, Nested, OccurredAt, OneOf, Text } from '../validation/fields.js';
import { CustomerAttributeChanges, CustomerAttributes } from './customer-attributes.dto.js';

const KEPT_ENCRYPTED = 'Kept encrypted.';

const AddressLine = (description: string, example: string): PropertyDecorator =>
  Text({ max: 200, optional: true, description: `${description} ${KEPT_ENCRYPTED}`, example });

export class Address {
  @AddressLine('Street and number.', 'Lindenstraße 12')
  street?: string;

  @AddressLine('Second line: apartment, care of.', '2nd floor')
  extra?: string;

  @AddressLine('Postal code.', '80331')
  postalCode?: string;

  @AddressLine('Town.', 'München')
  city?: string;

  @AddressLine('State or region.', 'Bavaria')
  region?: string;

  @AddressLine('Country.', 'DE')
  country?: string;
}

export class CustomerSource {
  @Code({ description: 'Channel by which the customer came.', example: 'web' })
  channel!: string;

  @Id({ optional: true, description: 'Campaign that brought the customer.', example: 'spring-2024' })
  campaignId?: string;

  @Id({ optional: true, description: 'Customer who brought this one.', example: 'c-1002' })
  referredBy?: string;
}

const CustomerId = (options: FieldOptions = {}): PropertyDecorator =>
  Id({
    description:
      'Your own id of the customer. It stays in the clear: no e-mail address, no telephone number.',
    example: 'c-1001',
    ...options,
  });

const Name = (options: FieldOptions): PropertyDecorator =>
  Text({
    max: 200,
    description: `Of the person or company. ${KEPT_ENCRYPTED}`,
    example: 'Ada Winter',
    ...options,
  });

const Email = (options: FieldOptions): PropertyDecorator =>
  Matching({
    form: /^[^\s@]{1,250}@[^\s@]{1,250}$/,
    max: 320,
    reason: 'must be an e-mail address',
    description: `E-mail address, by which the customer can be found. ${KEPT_ENCRYPTED}`,
    example: 'ada.winter@example.com',
    ...options,
  });

const Phone = (options: FieldOptions): PropertyDecorator =>
  Text({
    max: 50,
    description: `Telephone number, by which the customer can be found. ${KEPT_ENCRYPTED}`,
    example: '+49 89 123456',
    ...options,
  });

const Notes = (options: FieldOptions): PropertyDecorator =>
  FreeText({ description: `Free text. ${KEPT_ENCRYPTED}`, example: 'Prefers to be called.', ...options });

const Stage = (options: FieldOptions): PropertyDecorator =>
  OneOf(customerStages, { description: 'Default: customer.', example: 'customer', ...options });

const Kind = (options: FieldOptions): PropertyDecorator =>
  OneOf(customerKinds, { description: 'Person or company.', example: 'person', ...options });

export class RegisterCustomer {
  @CustomerId({ optional: true })
  customerId?: string;

  @Stage({ optional: true })
  stage?: CustomerStage;

  @Kind({ optional: true })
  kind?: CustomerKind;

  @Name({})
  name!: string;

  @Email({ optional: true })
  email?: string;

  @Phone({ optional: true })
  phone?: string;

  @Nested(() => Address, { optional: true })
  address?: Address;

  @Notes({ optional: true })
  notes?: string;

  @Nested(() => CustomerSource, { optional: true, description: 'Where the customer came from.' })
  source?: CustomerSource;

  @Nested(() => CustomerAttributes, { optional: true, description: 'What analyses may see in the clear.' })
  attributes?: CustomerAttributes;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class ChangeCustomerDetails {
  @CustomerId()
  customerId!: string;

  @Stage({ optional: true, nullable: false })
  stage?: CustomerStage;

  @Kind({ optional: true, nullable: false })
  kind?: CustomerKind;

  @Name({ optional: true, nullable: false })
  name?: string;

  @Email({ optional: true, nullable: true })
  email?: string | null;

  @Phone({ optional: true, nullable: true })
  phone?: string | null;

  @Nested(() => Address, { optional: true, nullable: true, description: 'Replaced as a whole.' })
  address?: Address | null;

  @Notes({ optional: true, nullable: true })
  notes?: string | null;

  @Nested(() => CustomerSource, { optional: true, nullable: true, description: 'Replaced as a whole.' })
  source?: CustomerSource | null;

  @Nested(() => CustomerAttributeChanges, {
    optional: true,
    description: 'Key by key: what is left out stays, null takes away.',
  })
  attributes?: CustomerAttributeChanges;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class TagCustomer {
  @CustomerId()
  customerId!: string;

  @Code({ description: 'A short name of your own.', example: 'newsletter' })
  tag!: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class UntagCustomer extends TagCustomer {}

export class CloseCustomer {
  @CustomerId()
  customerId!: string;

  @OneOf(closeInitiators, { description: 'Who ended the relationship.', example: 'customer' })
  initiator!: CloseInitiator;

  @ReasonCode({ optional: true, description: 'Why, as a code.', example: 'too-expensive' })
  reason?: string;

  @Note()
  note?: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class EraseCustomer {
  @CustomerId()
  customerId!: string;

  @ReasonCode({ optional: true, description: 'Why, as a code.', example: 'requested' })
  reason?: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class MergeCustomer {
  @CustomerId({ description: 'Who is merged, and is then known as the other.', example: 'c-1002' })
  customerId!: string;

  @Id({ description: 'The survivor.', example: 'c-1001' })
  into!: string;

  @OneOf(mergeReasons, {
    description:
      'duplicate: the same customer twice; identified: a visitor or an unidentified buyer turned out to be the survivor.',
    example: 'duplicate',
  })
  reason!: MergeReason;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export class UndoCustomerMerge {
  @CustomerId({ description: 'Who was merged.', example: 'c-1002' })
  customerId!: string;

  @Id({ description: 'The survivor.', example: 'c-1001' })
  into!: string;

  @OccurredAt({ optional: true })
  occurredAt?: string;
}

export const customerDtos = {
  RegisterCustomer: { type: RegisterCustomer },
  ChangeCustomerDetails: { type: ChangeCustomerDetails },
  TagCustomer: { type: TagCustomer },
  UntagCustomer: { type: UntagCustomer },
  CloseCustomer: { type: CloseCustomer },
  EraseCustomer: { type: EraseCustomer },
  MergeCustomer: { type: MergeCustomer },
  UndoCustomerMerge: { type: UndoCustomerMerge },
} as const;
