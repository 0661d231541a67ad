import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';
import type { Severity } from '../vocabulary.js';
import type { Voiding } from '../voiding.js';

/** Something went wrong, whether or not anyone complains: what complaints are measured against. */
export interface ServiceFailure {
  readonly serviceFailureId: string;
  /** A code: late-delivery, outage, wrong-invoice, ... */
  readonly kind: string;
  readonly severity?: Severity;
  readonly orderId?: string;
  readonly sku?: string;
  /** Ids, where they are known; with exactly one the failure is that customer's. */
  readonly affectedCustomers?: readonly string[];
  /** How many, where it is known; at least as many as are named. */
  readonly affectedCount?: number;
  /** A code: employee, customer, monitoring, audit, ... */
  readonly detectedBy?: string;
  readonly description?: Sealed;
}

export interface ServiceFailureVoiding extends Voiding {
  readonly serviceFailureId: string;
}

export type RecordServiceFailure = Command<'RecordServiceFailure', ServiceFailure>;
export type VoidServiceFailure = Command<'VoidServiceFailure', ServiceFailureVoiding>;
export type ServiceFailureCommand = RecordServiceFailure | VoidServiceFailure;

export type ServiceFailureRecorded = DomainEvent<'ServiceFailureRecorded', ServiceFailure>;
export type ServiceFailureVoided = DomainEvent<'ServiceFailureVoided', ServiceFailureVoiding>;
export type ServiceFailureEvent = ServiceFailureRecorded | ServiceFailureVoided;
