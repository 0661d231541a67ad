import type { Decider } from '#eventing/decider';
import { conflict, notFound, PerennialError, refused } from '#eventing/errors';
import { FieldChecks } from '../field-checks.js';
import { sameFact } from '../same-fact.js';
import { checkAttributes } from './attributes.js';
import { type CustomerState, evolve, initialState, realChange } from './customer-state.js';
import {
  addressFields,
  type ChangeCustomerDetails,
  type CloseCustomer,
  type CustomerCommand,
  type CustomerEvent,
  type CustomerTag,
  closeInitiators,
  customerKinds,
  customerStages,
  type DetailsChange,
  type EraseCustomer,
  type RegisterCustomer,
} from './customer-types.js';
import {
  acceptMerge,
  acceptUndo,
  completeMerge,
  completeUndo,
  isBusy,
  isMerged,
  isMerging,
  releaseMerge,
  reserveMerge,
  reserveUndo,
} from './merging.js';

// Types are in customer-types.ts, the state and its fold in customer-state.ts, what concerns merges in merging.ts.

// ---- decide

const decide = (command: CustomerCommand, state: CustomerState): readonly CustomerEvent[] => {
  if (state.erased && command.type !== 'EraseCustomer')
    throw new PerennialError('gone', 'customer-erased', 'The customer was erased for good.');
  switch (command.type) {
    case 'RegisterCustomer':
      return registerCustomer(command, state);
    case 'ChangeCustomerDetails':
      return changeDetails(command, state);
    case 'TagCustomer':
      return tag(command.data, state);
    case 'UntagCustomer':
      return untag(command.data, state);
    case 'CloseCustomer':
      return closeCustomer(command, state);
    case 'EraseCustomer':
      return eraseCustomer(command, state);
    case 'MergeCustomer':
      return reserveMerge(command, state);
    case 'AcceptMerge':
      return acceptMerge(command, state);
    case 'CompleteMerge':
      return completeMerge(command, state);
    case 'ReleaseMerge':
      return releaseMerge(command, state);
    case 'UndoCustomerMerge':
      return reserveUndo(command, state);
    case 'AcceptMergeUndo':
      return acceptUndo(command, state);
    case 'CompleteMergeUndo':
      return completeUndo(command, state);
    default:
      return command satisfies never;
  }
};

const registerCustomer = ({ data }: RegisterCustomer, state: CustomerState): readonly CustomerEvent[] => {
  const checks = checkedDetails(data);
  checks.present('name', data.name);
  for (const [field, value] of [...Object.entries(data), ...Object.entries(data.attributes ?? {})])
    if (value === null) checks.fail(field, 'must be left out when it is not known');
  checks.done();
  if (state.registration === undefined) {
    if (state.mergedInto) throw isMerged(state.mergedInto);
    return [{ type: 'CustomerRegistered', data }];
  }
  if (sameFact(state.registration, data)) return [];
  throw conflict('customer-exists', `Customer ${data.customerId} was registered before with other content.`);
};

const changeDetails = ({ data }: ChangeCustomerDetails, state: CustomerState): readonly CustomerEvent[] => {
  const checks = checkedDetails(data);
  for (const field of ['name', 'stage', 'kind'] as const)
    if (data[field] === null) checks.fail(field, 'cannot be taken away');
  checks.done();
  const change = realChange(registered(data.customerId, state), data, sameFact);
  return change ? [{ type: 'CustomerDetailsChanged', data: change }] : [];
};

const MAX_TAGS = 100;

const tag = (data: CustomerTag, state: CustomerState): readonly CustomerEvent[] => {
  checkTag(data);
  registered(data.customerId, state);
  if (state.tags.includes(data.tag)) return [];
  if (state.tags.length >= MAX_TAGS)
    throw refused('too-many-tags', `A customer has at most ${MAX_TAGS} tags.`);
  return [{ type: 'CustomerTagged', data }];
};

const untag = (data: CustomerTag, state: CustomerState): readonly CustomerEvent[] => {
  checkTag(data);
  registered(data.customerId, state);
  return state.tags.includes(data.tag) ? [{ type: 'CustomerUntagged', data }] : [];
};

const closeCustomer = ({ data }: CloseCustomer, state: CustomerState): readonly CustomerEvent[] => {
  const checks = new FieldChecks();
  checks.present('initiator', data.initiator);
  checks.oneOf('initiator', data.initiator, closeInitiators);
  checks.reason('reason', data.reason);
  checks.sealed('note', data.note);
  checks.done();
  registered(data.customerId, state);
  if (state.closing === undefined) return [{ type: 'CustomerClosed', data }];
  if (sameFact(state.closing, data)) return [];
  throw conflict('customer-closed', `Customer ${data.customerId} was closed before, otherwise.`);
};

const eraseCustomer = ({ data }: EraseCustomer, state: CustomerState): readonly CustomerEvent[] => {
  const { customerId, reason, survivor } = data;
  const checks = new FieldChecks();
  checks.present('customerId', customerId);
  checks.id('customerId', customerId);
  checks.reason('reason', reason);
  checks.done();
  if (state.erased) return [];
  if (survivor === undefined) {
    if (state.mergedInto) throw isMerged(state.mergedInto);
    if (isMerging(state)) throw isBusy(customerId);
  } else if (state.mergedInto?.into !== survivor) return [];
  const merged = state.mergedFrom.map(({ from }) => from);
  return [{ type: 'CustomerErased', data: { customerId, ...(reason !== undefined && { reason }), merged } }];
};

/** The details of a customer who is registered and not known as another. */
const registered = (customerId: string, { details, mergedInto }: CustomerState) => {
  if (mergedInto) throw isMerged(mergedInto);
  if (!details) throw notFound('customer-unknown', `No customer ${customerId} is registered.`);
  return details;
};

// ---- checks

const checkedDetails = (details: DetailsChange): FieldChecks => {
  const checks = new FieldChecks();
  checks.present('customerId', details.customerId);
  checks.id('customerId', details.customerId);
  checks.oneOf('stage', details.stage ?? undefined, customerStages);
  checks.oneOf('kind', details.kind ?? undefined, customerKinds);
  for (const field of ['name', 'email', 'phone', 'notes'] as const) checks.sealed(field, details[field]);
  for (const field of addressFields) checks.sealed(`address.${field}`, details.address?.[field]);
  if (details.source) {
    checks.present('source.channel', details.source.channel);
    checks.code('source.channel', details.source.channel);
    checks.id('source.campaignId', details.source.campaignId);
    checks.id('source.referredBy', details.source.referredBy);
    if (details.source.referredBy === details.customerId)
      checks.fail('source.referredBy', 'must be another customer');
  }
  checkAttributes(checks, details.attributes);
  return checks;
};

const checkTag = ({ tag }: CustomerTag): void => {
  const checks = new FieldChecks();
  checks.present('tag', tag);
  checks.code('tag', tag);
  checks.done();
};

export const customer: Decider<CustomerState, CustomerCommand, CustomerEvent> = {
  initialState,
  decide,
  evolve,
};
