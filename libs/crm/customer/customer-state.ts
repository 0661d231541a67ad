import type { Stored } from '#eventing/decider';
import type {
  AttributeValue,
  CustomerClosing,
  CustomerDetails,
  CustomerEvent,
  DetailsChange,
  MergeFrom,
  MergeInto,
  Registration,
  SurvivorMergeUndo,
} from './customer-types.js';

export interface CustomerState {
  /** As it was first made; a customer known only from purchases has none. */
  readonly registration?: Registration;
  /** As they are now. */
  readonly details?: CustomerDetails;
  readonly tags: readonly string[];
  readonly closing?: CustomerClosing;
  /** The customer whom this one is known as. */
  readonly mergedInto?: MergeInto;
  /** Those who were merged into this one. */
  readonly mergedFrom: readonly MergeFrom[];
  /** A merge into this one that has begun and not ended, or the undoing of one. */
  readonly merging?: MergeFrom;
  readonly unmerging?: SurvivorMergeUndo;
  readonly erased: boolean;
}

export const initialState: CustomerState = { tags: [], mergedFrom: [], erased: false };

export const evolve = (state: CustomerState, event: Stored<CustomerEvent>): CustomerState => {
  switch (event.type) {
    case 'CustomerRegistered':
      return { ...state, registration: event.data, details: event.data };
    case 'CustomerDetailsChanged':
      return { ...state, details: changed(state.details, event.data) };
    case 'CustomerTagged':
      return { ...state, tags: [...without(state.tags, event.data.tag), event.data.tag] };
    case 'CustomerUntagged':
      return { ...state, tags: without(state.tags, event.data.tag) };
    case 'CustomerClosed':
      return { ...state, closing: event.data };
    case 'CustomerErased':
      return { ...initialState, mergedInto: state.mergedInto, mergedFrom: state.mergedFrom, erased: true };
    case 'CustomerMergeReserved':
      return { ...state, merging: event.data };
    case 'CustomerMergeReleased':
      return { ...state, merging: undefined };
    case 'CustomerMergeCompleted':
      return { ...state, merging: undefined, mergedFrom: [...state.mergedFrom, event.data] };
    case 'CustomerMerged':
      return { ...state, mergedInto: event.data };
    case 'CustomerMergeUndoReserved':
      return { ...state, unmerging: event.data };
    case 'CustomerMergeUndone':
      return { ...state, mergedInto: undefined };
    case 'CustomerMergeUndoCompleted':
      return {
        ...state,
        unmerging: undefined,
        mergedFrom: state.mergedFrom.filter(({ from }) => from !== event.data.from),
      };
    default:
      event satisfies never;
      return state;
  }
};

const without = (tags: readonly string[], gone: string): readonly string[] =>
  tags.filter((tag) => tag !== gone);

/** The details as they are after a change. */
const changed = (
  before: CustomerDetails | undefined,
  { customerId: _id, attributes, ...fields }: DetailsChange,
): CustomerDetails =>
  present({
    ...before,
    ...fields,
    ...(attributes && { attributes: present({ ...before?.attributes, ...attributes }) }),
  }) as unknown as CustomerDetails;

const present = <T>(fields: Readonly<Record<string, T | null>>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, T] => field[1] !== null));

/** Only what a change really changes; undefined when that is nothing. */
export const realChange = (
  details: CustomerDetails,
  { customerId, attributes, ...fields }: DetailsChange,
  same: (a: unknown, b: unknown) => boolean,
): DetailsChange | undefined => {
  const differing = <T>(now: object, then: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(
      Object.entries(then).filter(
        ([key, value]) => value !== undefined && !same(now[key as keyof typeof now] ?? null, value),
      ),
    );
  const changes = differing(details, fields);
  const changedAttributes = differing<AttributeValue | null>(details.attributes ?? {}, attributes ?? {});
  const anyAttribute = Object.keys(changedAttributes).length > 0;
  if (Object.keys(changes).length === 0 && !anyAttribute) return undefined;
  return { customerId, ...changes, ...(anyAttribute && { attributes: changedAttributes }) };
};
