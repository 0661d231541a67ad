import { customer } from '#crm/customer/customer';
import type { AcceptMerge, MergeCustomer } from '#crm/customer/customer-types';
import { loadState } from '#eventing/command-handler';
import { PerennialError } from '#eventing/errors';
import type { EventStore } from '#eventing/event-store';
import { streamName } from '#eventing/stream-name';
import type { Upcasters } from '#eventing/upcaster';

/**
 * Asks the customer who is to be merged before anything is reserved on the survivor, so that a merge that is refused
 * leaves no trace. Who changes between this question and the reservation is still refused, by then visibly.
 * @throws PerennialError what the other customer says to the merge
 */
export const demandMergeable = async (
  store: EventStore,
  upcasters: Upcasters,
  { data, metadata }: MergeCustomer,
): Promise<void> => {
  const asked: AcceptMerge = { type: 'AcceptMerge', data, metadata };
  const { state } = await loadState(store, upcasters, customer, streamName('customer', data.customerId));
  try {
    customer.decide(asked, state);
  } catch (error) {
    if (!(error instanceof PerennialError)) throw error;
    // A command that is sent again is answered as the first time, whatever has become of the customer since.
    for await (const event of store.readStream(streamName('customer', data.into)))
      if (event.metadata.commandId === metadata.commandId) return;
    throw error;
  }
};
