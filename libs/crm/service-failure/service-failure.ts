import type { Command, Decider, Stored } from '#eventing/decider';
import { conflict, notFound } from '#eventing/errors';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';
import { streamName } from '#eventing/stream-name';
import type { AnyCommandType, CommandType } from '../command-type.js';
import { FieldChecks } from '../field-checks.js';
import { sameFact } from '../same-fact.js';
import { type Severity, severities } from '../vocabulary.js';
import { toBeVoided, type Voiding } from '../voiding.js';

// ---- types

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

// ---- state

export interface ServiceFailureState {
  readonly failure?: ServiceFailure;
  readonly occurredAt?: string;
  readonly voided?: ServiceFailureVoiding;
}

// ---- decide

const decide = (
  command: ServiceFailureCommand,
  state: ServiceFailureState,
): readonly ServiceFailureEvent[] => {
  switch (command.type) {
    case 'RecordServiceFailure':
      return recordServiceFailure(command, state);
    case 'VoidServiceFailure':
      return voidServiceFailure(command, state);
    default:
      return command satisfies never;
  }
};

const recordServiceFailure = (
  { data, metadata }: RecordServiceFailure,
  state: ServiceFailureState,
): readonly ServiceFailureEvent[] => {
  checkServiceFailure(data);
  if (state.failure === undefined) return [{ type: 'ServiceFailureRecorded', data }];
  if (state.occurredAt === metadata.occurredAt && sameFact(state.failure, data)) return [];
  throw conflict(
    'service-failure-exists',
    `Service failure ${data.serviceFailureId} was recorded before with other content; void it and record a new one.`,
  );
};

/** So many ids of the greatest length that an event still fits into the event store. */
const MAX_NAMED_CUSTOMERS = 1_000;
const MAX_AFFECTED = 10_000_000_000;

const checkServiceFailure = (failure: ServiceFailure): void => {
  const { affectedCustomers = [], affectedCount } = failure;
  const checks = new FieldChecks();
  checks.present('serviceFailureId', failure.serviceFailureId);
  checks.id('serviceFailureId', failure.serviceFailureId);
  checks.present('kind', failure.kind);
  checks.code('kind', failure.kind);
  checks.oneOf('severity', failure.severity, severities);
  checks.id('orderId', failure.orderId);
  checks.id('sku', failure.sku);
  if (affectedCustomers.length > MAX_NAMED_CUSTOMERS)
    checks.fail('affectedCustomers', `must be at most ${MAX_NAMED_CUSTOMERS}; give affectedCount for more`);
  for (const [index, id] of affectedCustomers.entries()) checks.id(`affectedCustomers[${index}]`, id);
  if (new Set(affectedCustomers).size < affectedCustomers.length)
    checks.fail('affectedCustomers', 'must not name a customer twice');
  checks.count('affectedCount', affectedCount, MAX_AFFECTED);
  if (affectedCount !== undefined && affectedCount < affectedCustomers.length)
    checks.fail('affectedCount', 'must be at least as many as are named');
  checks.code('detectedBy', failure.detectedBy);
  checks.sealed('description', failure.description);
  checks.done();
};

const voidServiceFailure = (
  { data }: VoidServiceFailure,
  state: ServiceFailureState,
): readonly ServiceFailureEvent[] => {
  if (state.failure === undefined)
    throw notFound('service-failure-unknown', `No service failure ${data.serviceFailureId} is recorded.`);
  return toBeVoided(data.serviceFailureId, data, state.voided)
    ? [{ type: 'ServiceFailureVoided', data }]
    : [];
};

// ---- evolve

const evolve = (state: ServiceFailureState, event: Stored<ServiceFailureEvent>): ServiceFailureState => {
  switch (event.type) {
    case 'ServiceFailureRecorded':
      return { ...state, failure: event.data, occurredAt: event.metadata.occurredAt };
    case 'ServiceFailureVoided':
      return { ...state, voided: event.data };
    default:
      event satisfies never;
      return state;
  }
};

export const serviceFailure: Decider<ServiceFailureState, ServiceFailureCommand, ServiceFailureEvent> = {
  initialState: {},
  decide,
  evolve,
};

// ---- command types

const recordServiceFailureType: CommandType<ServiceFailureState, RecordServiceFailure, ServiceFailureEvent> =
  {
    type: 'RecordServiceFailure',
    decider: serviceFailure,
    stream: ({ serviceFailureId }) => streamName('service-failure', serviceFailureId),
    customer: ({ affectedCustomers }) =>
      affectedCustomers?.length === 1 ? (affectedCustomers[0] as string) : null,
    idField: 'serviceFailureId',
    personal: ['description'],
  };

const voidServiceFailureType: CommandType<ServiceFailureState, VoidServiceFailure, ServiceFailureEvent> = {
  type: 'VoidServiceFailure',
  decider: serviceFailure,
  stream: ({ serviceFailureId }) => streamName('service-failure', serviceFailureId),
  customer: () => undefined,
  personal: ['note'],
};

export const serviceFailureCommands: readonly AnyCommandType[] = [
  recordServiceFailureType,
  voidServiceFailureType,
];
