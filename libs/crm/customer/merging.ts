import { conflict, type PerennialError, refused } from '#eventing/errors';
import { FieldChecks } from '../field-checks.js';
import type { CustomerState } from './customer-state.js';
import {
  type AcceptMerge,
  type AcceptMergeUndo,
  type CompleteMerge,
  type CompleteMergeUndo,
  type CustomerEvent,
  type MergeCustomer,
  type MergeInto,
  mergeReasons,
  type ReleaseMerge,
  type UndoCustomerMerge,
} from './customer-types.js';

type Decision = readonly CustomerEvent[];

// ---- on the survivor

export const reserveMerge = ({ data }: MergeCustomer, state: CustomerState): Decision => {
  checkMerge(data);
  const { customerId: from, into, reason } = data;
  const known = state.merging?.from === from ? state.merging : mergeFrom(state, from);
  if (known) {
    if (known.reason === reason) return [];
    throw conflict('customer-already-merged', `${from} was merged into ${into} as ${known.reason}.`);
  }
  if (state.mergedInto) throw isMerged(state.mergedInto);
  if (isMerging(state)) throw isBusy(into);
  return [{ type: 'CustomerMergeReserved', data: { customerId: into, from, reason } }];
};

export const completeMerge = ({ data }: CompleteMerge, state: CustomerState): Decision => {
  if (state.merging?.from === data.from) return [{ type: 'CustomerMergeCompleted', data: state.merging }];
  if (mergeFrom(state, data.from)) return [];
  throw refused('merge-not-reserved', `${data.customerId} does not expect ${data.from}.`);
};

export const releaseMerge = ({ data }: ReleaseMerge, state: CustomerState): Decision =>
  state.merging?.from === data.from ? [{ type: 'CustomerMergeReleased', data }] : [];

export const reserveUndo = ({ data }: UndoCustomerMerge, state: CustomerState): Decision => {
  const { customerId: from, into } = data;
  checkIds(data).done();
  if (state.unmerging?.from === from) return [];
  if (isMerging(state)) throw isBusy(into);
  if (!mergeFrom(state, from)) throw refused('not-merged', `${from} is not merged into ${into}.`);
  return [{ type: 'CustomerMergeUndoReserved', data: { customerId: into, from } }];
};

export const completeUndo = ({ data }: CompleteMergeUndo, state: CustomerState): Decision =>
  state.unmerging?.from === data.from ? [{ type: 'CustomerMergeUndoCompleted', data: state.unmerging }] : [];

// ---- on the one who is merged

export const acceptMerge = ({ data }: AcceptMerge, state: CustomerState): Decision => {
  checkMerge(data);
  if (state.mergedInto?.into === data.into) return [];
  if (state.mergedInto) throw isMerged(state.mergedInto);
  if (isMerging(state)) throw isBusy(data.customerId);
  return [{ type: 'CustomerMerged', data }];
};

export const acceptUndo = ({ data }: AcceptMergeUndo, state: CustomerState): Decision =>
  state.mergedInto?.into === data.into ? [{ type: 'CustomerMergeUndone', data }] : [];

// ---- both

export const isMerging = ({ merging, unmerging }: CustomerState): boolean =>
  merging !== undefined || unmerging !== undefined;

export const isMerged = ({ customerId, into }: MergeInto): PerennialError =>
  refused('customer-merged', `${customerId} is merged into ${into}: use that one, or undo the merge.`);

export const isBusy = (customerId: string): PerennialError =>
  refused('customer-merging', `A merge of ${customerId} is under way; try again when it is done.`);

const mergeFrom = ({ mergedFrom }: CustomerState, from: string) =>
  mergedFrom.find((merge) => merge.from === from);

const checkIds = ({ customerId, into }: { customerId: string; into: string }): FieldChecks => {
  const checks = new FieldChecks();
  checks.present('customerId', customerId);
  checks.id('customerId', customerId);
  checks.present('into', into);
  checks.id('into', into);
  if (into === customerId) checks.fail('into', 'must be another customer');
  return checks;
};

const checkMerge = (merge: MergeInto): void => {
  const checks = checkIds(merge);
  checks.present('reason', merge.reason);
  checks.oneOf('reason', merge.reason, mergeReasons);
  checks.done();
};
