import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';
import type { Money } from '../money.js';
import type { Severity } from '../vocabulary.js';
import type { Voiding } from '../voiding.js';

/** How the complaint came about: stimulated are those that a campaign for complaints brought in. */
export const complaintSources = ['unsolicited', 'stimulated', 'survey', 'social', 'employee'] as const;
export type ComplaintSource = (typeof complaintSources)[number];

export const redressKinds = [
  'refund',
  'compensation',
  'replacement',
  'repair',
  'voucher',
  'discount',
  'apology',
  'other',
] as const;
export type RedressKind = (typeof redressKinds)[number];

/** What analyses may see of where a complaint comes from; the whole postal code only where nobody knows of whom. */
export const complaintAttributes = ['country', 'region', 'postalArea'] as const;
export type ComplaintAttribute = (typeof complaintAttributes)[number];

/** What a complaint is about; may turn out to be something else, see ComplaintReclassified. */
export interface Classification {
  readonly category: string;
  readonly subcategory?: string;
  readonly product?: string;
  readonly subproduct?: string;
  readonly severity?: Severity;
  /** The purchase concerned. */
  readonly orderId?: string;
  readonly sku?: string;
  readonly serviceFailureId?: string;
  /** `YYYY-MM-DD`: the day by which it is to be answered. */
  readonly dueDate?: string;
}

/** Every event of a complaint names it, so that SQL need not read the name of the stream. */
interface OfComplaint {
  readonly complaintId: string;
}

interface WithNote extends OfComplaint {
  /** Personal: whatever somebody wrote by hand. */
  readonly note?: Sealed;
}

export interface ComplaintOpenedData extends OfComplaint, Classification {
  /** Missing when nobody knows who complains. */
  readonly customerId?: string;
  readonly channel: string;
  readonly source?: ComplaintSource;
  /** Personal. */
  readonly description?: Sealed;
  /** The contact in which it was made. */
  readonly interactionId?: string;
  /** Further facts in the clear: `{ region: 'FL' }`. */
  readonly attributes?: Readonly<Partial<Record<ComplaintAttribute, string>>>;
}

export interface ComplaintAcknowledgedData extends WithNote {
  readonly channel?: string;
}

/** To a unit, a member of staff (by id, never by name), or both. */
export interface ComplaintAssignedData extends WithNote {
  readonly unit?: string;
  readonly assignee?: string;
}

/** Handed to somebody else who must deal with it: another unit, a supplier, the company complained of. */
export interface ComplaintSentOnData extends WithNote {
  readonly to: string;
}

export interface ComplaintWaitingForCustomerData extends WithNote {
  readonly reason?: string;
}

/** Of facts taken from files that tell that something happened but not when. */
interface PerhapsUndated {
  /** `false`: the time of this event is the earliest possible one, not a measured one; durations leave it out. */
  readonly dateKnown?: false;
}

export interface ComplaintAnsweredData extends OfComplaint, PerhapsUndated {
  /** In the words of whoever answered: `Closed with explanation`, `In progress` ... */
  readonly outcome: string;
  readonly timely?: boolean;
  readonly channel?: string;
  /** Personal: what was written to the customer. */
  readonly response?: Sealed;
}

/** The customer does not accept the answer. */
export interface ComplaintDisputedData extends WithNote, PerhapsUndated {
  readonly reason?: string;
}

/** Only what changed. */
export interface ComplaintReclassifiedData extends OfComplaint, Partial<Classification> {
  readonly reason?: string;
}

export interface RedressGrantedData extends WithNote {
  readonly redressId: string;
  readonly kind: RedressKind;
  /** What it costs the company, where known. */
  readonly cost?: Money;
}

export interface ComplaintResolvedData extends WithNote {
  readonly cause?: string;
  readonly responsibleUnit?: string;
  /** What handling cost, without redress. */
  readonly handlingCost?: Money;
  readonly correctiveAction?: string;
}

export interface ComplaintReopenedData extends WithNote {
  readonly reason?: string;
}

export interface ComplaintClosedData extends WithNote {
  readonly reason?: string;
}

/** How satisfied the customer is with the handling, 1 (not at all) to 5 (entirely). */
export interface SatisfactionReportedData extends WithNote {
  readonly score: number;
  readonly channel?: string;
}

/** It was never a complaint, or not this one. */
export interface ComplaintVoidedData extends OfComplaint, Voiding {}

/** A command's data is that of the event it asks for; `complaintId` and `redressId` are made when left out. */
export type OpenComplaint = Command<'OpenComplaint', ComplaintOpenedData>;
export type AcknowledgeComplaint = Command<'AcknowledgeComplaint', ComplaintAcknowledgedData>;
export type AssignComplaint = Command<'AssignComplaint', ComplaintAssignedData>;
export type SendComplaintOn = Command<'SendComplaintOn', ComplaintSentOnData>;
export type AwaitCustomer = Command<'AwaitCustomer', ComplaintWaitingForCustomerData>;
export type AnswerComplaint = Command<'AnswerComplaint', ComplaintAnsweredData>;
export type DisputeComplaint = Command<'DisputeComplaint', ComplaintDisputedData>;
export type ReclassifyComplaint = Command<'ReclassifyComplaint', ComplaintReclassifiedData>;
export type GrantRedress = Command<'GrantRedress', RedressGrantedData>;
export type ResolveComplaint = Command<'ResolveComplaint', ComplaintResolvedData>;
export type ReopenComplaint = Command<'ReopenComplaint', ComplaintReopenedData>;
export type CloseComplaint = Command<'CloseComplaint', ComplaintClosedData>;
export type ReportSatisfaction = Command<'ReportSatisfaction', SatisfactionReportedData>;
export type VoidComplaint = Command<'VoidComplaint', ComplaintVoidedData>;

export type ComplaintCommand =
  | OpenComplaint
  | AcknowledgeComplaint
  | AssignComplaint
  | SendComplaintOn
  | AwaitCustomer
  | AnswerComplaint
  | DisputeComplaint
  | ReclassifyComplaint
  | GrantRedress
  | ResolveComplaint
  | ReopenComplaint
  | CloseComplaint
  | ReportSatisfaction
  | VoidComplaint;

export type ComplaintOpened = DomainEvent<'ComplaintOpened', ComplaintOpenedData>;
export type ComplaintAcknowledged = DomainEvent<'ComplaintAcknowledged', ComplaintAcknowledgedData>;
export type ComplaintAssigned = DomainEvent<'ComplaintAssigned', ComplaintAssignedData>;
export type ComplaintSentOn = DomainEvent<'ComplaintSentOn', ComplaintSentOnData>;
export type ComplaintWaitingForCustomer = DomainEvent<
  'ComplaintWaitingForCustomer',
  ComplaintWaitingForCustomerData
>;
export type ComplaintAnswered = DomainEvent<'ComplaintAnswered', ComplaintAnsweredData>;
export type ComplaintDisputed = DomainEvent<'ComplaintDisputed', ComplaintDisputedData>;
export type ComplaintReclassified = DomainEvent<'ComplaintReclassified', ComplaintReclassifiedData>;
export type RedressGranted = DomainEvent<'RedressGranted', RedressGrantedData>;
export type ComplaintResolved = DomainEvent<'ComplaintResolved', ComplaintResolvedData>;
export type ComplaintReopened = DomainEvent<'ComplaintReopened', ComplaintReopenedData>;
export type ComplaintClosed = DomainEvent<'ComplaintClosed', ComplaintClosedData>;
export type SatisfactionReported = DomainEvent<'SatisfactionReported', SatisfactionReportedData>;
export type ComplaintVoided = DomainEvent<'ComplaintVoided', ComplaintVoidedData>;

export type ComplaintEvent =
  | ComplaintOpened
  | ComplaintAcknowledged
  | ComplaintAssigned
  | ComplaintSentOn
  | ComplaintWaitingForCustomer
  | ComplaintAnswered
  | ComplaintDisputed
  | ComplaintReclassified
  | RedressGranted
  | ComplaintResolved
  | ComplaintReopened
  | ComplaintClosed
  | SatisfactionReported
  | ComplaintVoided;
