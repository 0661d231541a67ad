import type { RecordedEvent } from '#eventing/event';
import { type FollowUp, followUpCommand } from '../policy.js';
import type {
  AcceptMerge,
  AcceptMergeUndo,
  CompleteMerge,
  CompleteMergeUndo,
  CustomerEvent,
  MergeFrom,
  MergeInto,
  MergeUndo,
  ReleaseMerge,
  SurvivorMergeUndo,
} from './customer-types.js';

const NAME = 'customer-merge';

/**
 * A merge touches two streams and each append only one. So it goes in steps, and every step follows from the event
 * before it:
 *
 *     survivor  CustomerMergeReserved ─┐                      ┌─ CustomerMergeCompleted
 *     merged                           └─ CustomerMerged ─────┘
 *
 * If the other cannot be merged, the reservation is released. If the survivor knows of no reservation (the one that
 * was released meanwhile), the other is set free again. Undoing goes the same way.
 */
export const mergePolicy = (event: RecordedEvent): readonly FollowUp[] => {
  const { type, data } = event as unknown as CustomerEvent;
  switch (type) {
    case 'CustomerMergeReserved':
      return [
        {
          command: acceptMerge(event, data),
          ifRefused: ({ code }) => releaseMerge(event, data, code),
        },
      ];
    case 'CustomerMerged':
      return [{ command: completeMerge(event, data), ifRefused: () => acceptUndo(event, data) }];
    case 'CustomerMergeUndoReserved':
      return [{ command: acceptUndo(event, toMerged(data)), ifRefused: () => completeUndo(event, data) }];
    case 'CustomerMergeUndone':
      return [{ command: completeUndo(event, toSurvivor(data)), ifRefused: () => undefined }];
    default:
      return [];
  }
};

const toMerged = ({ customerId, from }: SurvivorMergeUndo): MergeUndo => ({
  customerId: from,
  into: customerId,
});

const toSurvivor = ({ customerId, into }: MergeUndo): SurvivorMergeUndo => ({
  customerId: into,
  from: customerId,
});

const acceptMerge = (event: RecordedEvent, { reason, ...ids }: MergeFrom) =>
  followUpCommand<AcceptMerge>(NAME, event, ids.from, {
    type: 'AcceptMerge',
    data: { ...toMerged(ids), reason },
  });

const releaseMerge = (event: RecordedEvent, reserved: MergeFrom, because: string) =>
  followUpCommand<ReleaseMerge>(NAME, event, reserved.customerId, {
    type: 'ReleaseMerge',
    data: { ...reserved, because },
  });

const completeMerge = (event: RecordedEvent, { reason, ...ids }: MergeInto) =>
  followUpCommand<CompleteMerge>(NAME, event, ids.into, {
    type: 'CompleteMerge',
    data: { ...toSurvivor(ids), reason },
  });

const acceptUndo = (event: RecordedEvent, { customerId, into }: MergeUndo) =>
  followUpCommand<AcceptMergeUndo>(NAME, event, customerId, {
    type: 'AcceptMergeUndo',
    data: { customerId, into },
  });

const completeUndo = (event: RecordedEvent, data: SurvivorMergeUndo) =>
  followUpCommand<CompleteMergeUndo>(NAME, event, data.customerId, { type: 'CompleteMergeUndo', data });
