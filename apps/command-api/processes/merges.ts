import type { CustomerEvent, MergeCustomer, UndoCustomerMerge } from '#crm/customer/customer-types';
import { mergePolicy } from '#crm/customer/merge-policy';
import type { Outcome } from '#eventing/command-handler';
import { type PerennialError, refused } from '#eventing/errors';
import type { RecordedEvent } from '#eventing/event';
import { streamName } from '#eventing/stream-name';
import { type FollowThrough, followThrough, policyReaction } from './follow-through.js';
import type { Reaction } from './process-runner.js';
import type { Send } from './send.js';

type MergeEventType = CustomerEvent['type'];

const STEPS: readonly MergeEventType[] = [
  'CustomerMergeReserved',
  'CustomerMerged',
  'CustomerMergeUndoReserved',
  'CustomerMergeUndone',
];

/** Takes merges, and the undoing of merges, to their end, also after a crash between any two steps. */
export const mergeReaction = (send: Send): Reaction => policyReaction(mergePolicy, STEPS, send);

interface Course {
  readonly begins: MergeEventType;
  readonly ends: readonly MergeEventType[];
}

const courses: Readonly<Record<(MergeCustomer | UndoCustomerMerge)['type'], Course>> = {
  MergeCustomer: {
    begins: 'CustomerMergeReserved',
    ends: ['CustomerMergeCompleted', 'CustomerMergeReleased'],
  },
  UndoCustomerMerge: { begins: 'CustomerMergeUndoReserved', ends: ['CustomerMergeUndoCompleted'] },
};

/**
 * Takes a merge, or the undoing of one, that has begun on the survivor's stream to its end.
 * @param begun how `command` was answered
 * @returns that answer, with the place of the event that ended it
 * @throws PerennialError with the code of the refusal when the other customer could not be merged
 */
export const completeMerge = async (
  tools: FollowThrough,
  { type, data, metadata }: MergeCustomer | UndoCustomerMerge,
  begun: Outcome,
): Promise<Outcome> => {
  const { begins, ends } = courses[type];
  const survivor = streamName('customer', data.into);
  const ofThisMerge = async (): Promise<RecordedEvent[]> => {
    const events: RecordedEvent[] = [];
    for await (const stored of tools.store.readStream(survivor)) {
      const event = tools.upcasters.upcast(stored);
      const isStep = event.type === begins || (ends as readonly string[]).includes(event.type);
      if (isStep && (event.data as { from: string }).from === data.customerId) events.push(event);
    }
    return events;
  };
  const endOf = (beginning: RecordedEvent, events: readonly RecordedEvent[]) =>
    events.find((event) => event.revision > beginning.revision && event.type !== begins);

  const known = await ofThisMerge();
  const beginnings = known.filter((event) => event.type === begins);
  const beginning =
    beginnings.find((event) => event.metadata.commandId === metadata.commandId) ?? beginnings.at(-1);
  if (!beginning) return begun;
  let end = endOf(beginning, known);
  let refusal: PerennialError | undefined;
  if (!end) {
    refusal = await followThrough(tools, mergePolicy, beginning);
    end = endOf(beginning, await ofThisMerge());
  }
  if (end && end.type !== 'CustomerMergeReleased')
    return { ...begun, revision: end.revision, position: end.position };
  throw refusal ?? released(data.customerId, end);
};

const released = (customerId: string, end: RecordedEvent | undefined): PerennialError => {
  const because = (end?.data as { because?: string } | undefined)?.because ?? 'merge-not-completed';
  return refused(because, `${customerId} could not be merged: ${because}.`);
};
