import type { RecordedEvent } from '#eventing/event';
import { type FollowUp, followUpCommand } from '../policy.js';
import type { CustomerErased, EraseCustomer } from './customer-types.js';

/** Who was merged into an erased customer is the same person, and is erased too. */
export const erasurePolicy = (event: RecordedEvent): readonly FollowUp[] => {
  if (event.type !== 'CustomerErased') return [];
  const { customerId: survivor, merged, reason } = event.data as CustomerErased['data'];
  return merged.map((customerId) => ({
    command: followUpCommand<EraseCustomer>('customer-erasure', event, customerId, {
      type: 'EraseCustomer',
      data: { customerId, survivor, ...(reason !== undefined && { reason }) },
    }),
    ifRefused: () => undefined,
  }));
};
