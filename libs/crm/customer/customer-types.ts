import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';

export const customerKinds = ['person', 'company'] as const;
export type CustomerKind = (typeof customerKinds)[number];

export const customerStages = ['lead', 'customer'] as const;
export type CustomerStage = (typeof customerStages)[number];

/** `identified`: a visitor or an unidentified buyer turned out to be this customer. */
export const mergeReasons = ['duplicate', 'identified'] as const;
export type MergeReason = (typeof mergeReasons)[number];

export const closeInitiators = ['customer', 'company', 'death'] as const;
export type CloseInitiator = (typeof closeInitiators)[number];

export interface Address {
  readonly street?: Sealed;
  /** Second line: apartment, care of. */
  readonly extra?: Sealed;
  readonly postalCode?: Sealed;
  readonly city?: Sealed;
  readonly region?: Sealed;
  readonly country?: Sealed;
}

export const addressFields = [
  'street',
  'extra',
  'postalCode',
  'city',
  'region',
  'country',
] as const satisfies readonly (keyof Address)[];

/** Where the customer came from. */
export interface CustomerSource {
  readonly channel: string;
  readonly campaignId?: string;
  /** The customer who brought this one. */
  readonly referredBy?: string;
}

export type AttributeValue = string | number | boolean;

/** What analyses may see in the clear; the keys are the allow-list in attributes.ts. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface CustomerDetails {
  readonly stage?: CustomerStage;
  readonly kind?: CustomerKind;
  readonly name: Sealed;
  readonly email?: Sealed;
  readonly phone?: Sealed;
  readonly address?: Address;
  readonly notes?: Sealed;
  readonly source?: CustomerSource;
  readonly attributes?: Attributes;
}

export interface Registration extends CustomerDetails {
  readonly customerId: string;
}

/** A field left out stays as it is; null takes it away. An address is replaced as a whole, attributes key by key. */
export interface DetailsChange {
  readonly customerId: string;
  readonly stage?: CustomerStage;
  readonly kind?: CustomerKind;
  readonly name?: Sealed;
  readonly email?: Sealed | null;
  readonly phone?: Sealed | null;
  readonly address?: Address | null;
  readonly notes?: Sealed | null;
  readonly source?: CustomerSource | null;
  readonly attributes?: Readonly<Record<string, AttributeValue | null>>;
}

export interface CustomerTag {
  readonly customerId: string;
  readonly tag: string;
}

/** A merge as it is asked for, and as the merged customer keeps it. */
export interface MergeInto {
  /** The customer who is merged and is then known as the other. */
  readonly customerId: string;
  /** The survivor. */
  readonly into: string;
  readonly reason: MergeReason;
}

/** A merge as the survivor keeps it. */
export interface MergeFrom {
  /** The survivor. */
  readonly customerId: string;
  /** The customer who is merged. */
  readonly from: string;
  readonly reason: MergeReason;
}

export interface MergeUndo {
  readonly customerId: string;
  readonly into: string;
}

export interface SurvivorMergeUndo {
  readonly customerId: string;
  readonly from: string;
}

export interface CustomerClosing {
  readonly customerId: string;
  readonly initiator: CloseInitiator;
  /** A code, for instance `too-expensive`. */
  readonly reason?: string;
  readonly note?: Sealed;
}

export interface CustomerErasure {
  readonly customerId: string;
  /** A code, for instance `requested` or `retention-expired`. */
  readonly reason?: string;
  /** Set by the erasure policy: the erased customer into whom this one was merged. */
  readonly survivor?: string;
}

export type RegisterCustomer = Command<'RegisterCustomer', Registration>;
export type ChangeCustomerDetails = Command<'ChangeCustomerDetails', DetailsChange>;
export type TagCustomer = Command<'TagCustomer', CustomerTag>;
export type UntagCustomer = Command<'UntagCustomer', CustomerTag>;
export type CloseCustomer = Command<'CloseCustomer', CustomerClosing>;
export type EraseCustomer = Command<'EraseCustomer', CustomerErasure>;
/** Begins a merge on the survivor's stream; merge-policy.ts does the rest. */
export type MergeCustomer = Command<'MergeCustomer', MergeInto>;
/** Begins the undoing of a merge on the survivor's stream; merge-policy.ts does the rest. */
export type UndoCustomerMerge = Command<'UndoCustomerMerge', MergeUndo>;

/** On the merged customer's stream. */
export type AcceptMerge = Command<'AcceptMerge', MergeInto>;
/** On the survivor's stream. */
export type CompleteMerge = Command<'CompleteMerge', MergeFrom>;
/** On the survivor's stream, when the other could not be merged. */
export type ReleaseMerge = Command<'ReleaseMerge', MergeFrom & { readonly because: string }>;
/** On the merged customer's stream. */
export type AcceptMergeUndo = Command<'AcceptMergeUndo', MergeUndo>;
/** On the survivor's stream. */
export type CompleteMergeUndo = Command<'CompleteMergeUndo', SurvivorMergeUndo>;

export type CustomerCommand =
  | RegisterCustomer
  | ChangeCustomerDetails
  | TagCustomer
  | UntagCustomer
  | CloseCustomer
  | EraseCustomer
  | MergeCustomer
  | UndoCustomerMerge
  | AcceptMerge
  | CompleteMerge
  | ReleaseMerge
  | AcceptMergeUndo
  | CompleteMergeUndo;

export type CustomerRegistered = DomainEvent<'CustomerRegistered', Registration>;
/** Holds only what really changed. */
export type CustomerDetailsChanged = DomainEvent<'CustomerDetailsChanged', DetailsChange>;
export type CustomerTagged = DomainEvent<'CustomerTagged', CustomerTag>;
export type CustomerUntagged = DomainEvent<'CustomerUntagged', CustomerTag>;
export type CustomerClosed = DomainEvent<'CustomerClosed', CustomerClosing>;
export type CustomerErased = DomainEvent<
  'CustomerErased',
  {
    readonly customerId: string;
    readonly reason?: string;
    /** The customers merged into this one, who are erased too. */
    readonly merged: readonly string[];
  }
>;
/** On the survivor. */
export type CustomerMergeReserved = DomainEvent<'CustomerMergeReserved', MergeFrom>;
/** On the merged customer: from here on he or she is `into`. */
export type CustomerMerged = DomainEvent<'CustomerMerged', MergeInto>;
/** On the survivor. */
export type CustomerMergeCompleted = DomainEvent<'CustomerMergeCompleted', MergeFrom>;
/** On the survivor: the other could not be merged; `because` is the code of the refusal. */
export type CustomerMergeReleased = DomainEvent<
  'CustomerMergeReleased',
  MergeFrom & { readonly because: string }
>;
/** On the survivor. */
export type CustomerMergeUndoReserved = DomainEvent<'CustomerMergeUndoReserved', SurvivorMergeUndo>;
/** On the merged customer, who is from here on himself or herself again. */
export type CustomerMergeUndone = DomainEvent<'CustomerMergeUndone', MergeUndo>;
/** On the survivor. */
export type CustomerMergeUndoCompleted = DomainEvent<'CustomerMergeUndoCompleted', SurvivorMergeUndo>;

export type CustomerEvent =
  | CustomerRegistered
  | CustomerDetailsChanged
  | CustomerTagged
  | CustomerUntagged
  | CustomerClosed
  | CustomerErased
  | CustomerMergeReserved
  | CustomerMerged
  | CustomerMergeCompleted
  | CustomerMergeReleased
  | CustomerMergeUndoReserved
  | CustomerMergeUndone
  | CustomerMergeUndoCompleted;
