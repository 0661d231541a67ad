import type { EraseCustomer } from '#crm/customer/customer-types';
import { erasurePolicy } from '#crm/customer/erasure-policy';
import { carryOut } from '#crm/policy';
import type { RecordedEvent } from '#eventing/event';
import { streamName } from '#eventing/stream-name';
import type { KeyVault } from '#personal-data/key-vault';
import type { FollowThrough } from './follow-through.js';
import type { Reaction } from './process-runner.js';

// The order of an erasure. The event CustomerErased comes first and the keys go after it; who asked is answered when
// both are done, for the customer and for all who were merged into him or her.
//
// - The domain decides before anything is destroyed: a refused erasure (the customer is merged into another, or
//   a merge is under way) must not cost the keys.
// - From the event on nothing is half done for good: the event is the durable intent. Whenever the process dies, the
//   runner finds the event after its checkpoint and finishes; so does whoever sends the command again. The other way
//   round, a crash after the keys had gone would leave a customer who looks alive, whom nothing can read, and of whom
//   only the vault knows that he or she was to be erased.
// - Nothing is readable once the erasure is acknowledged: the acknowledgement comes after the vault's. What is sealed
//   under the old key between the event and the vault cannot be opened either, and afterwards no new key is made.
//
// Keys that belong to a stream, of facts that concern no customer, stay.

/** All that erasing needs of the vault. */
export type Eraser = Pick<KeyVault, 'erase'>;

/** Finishes every erasure that has begun. */
export const erasureReaction = ({ send }: FollowThrough, vault: Eraser): Reaction => ({
  on: ['CustomerErased'],
  react: async (event) => {
    await vault.erase([(event.data as { customerId: string }).customerId]);
    for (const followUp of erasurePolicy(event)) await carryOut(followUp, send);
  },
});

const AT_ONCE = 500;

/**
 * Erases whoever was erased after a position. A vault that several processes share keeps no ledger of its own: it
 * stands in one database with the runner's checkpoint, and who puts back a backup winds back both. So every process
 * does this from the checkpoint on, before it serves anybody. An erasure that was acknowledged has an event for each
 * who was merged; what is still to follow from one that was not, follows when the runner comes to it.
 */
export const applyErasures = async (
  { store, upcasters }: Pick<FollowThrough, 'store' | 'upcasters'>,
  vault: Eraser,
  after: number,
): Promise<void> => {
  const erased = new Set<string>();
  const erase = async (): Promise<void> => {
    await vault.erase([...erased]);
    erased.clear();
  };
  for await (const event of store.readAll({ after })) {
    if (event.type !== 'CustomerErased') continue;
    erased.add((upcasters.upcast(event).data as { customerId: string }).customerId);
    if (erased.size >= AT_ONCE) await erase();
  }
  await erase();
};

/** Takes an erasure that has begun to its end; does nothing for a customer who is not erased. */
export const completeErasure = async (
  tools: FollowThrough,
  vault: Eraser,
  customerId: string,
): Promise<void> => {
  const erased = new Set<string>();
  const looked = [customerId];
  for (const id of looked) {
    const event = erased.has(id) ? undefined : await erasureOf(tools, id);
    // Somebody who stands alone again, because the merge was undone meanwhile, is not erased.
    if (!event) continue;
    erased.add(id);
    for (const followUp of erasurePolicy(event)) {
      await carryOut(followUp, tools.send);
      looked.push((followUp.command as EraseCustomer).data.customerId);
    }
  }
  await vault.erase([...erased]);
};

const erasureOf = async (
  { store, upcasters }: FollowThrough,
  customerId: string,
): Promise<RecordedEvent | undefined> => {
  const stream = streamName('customer', customerId);
  for await (const event of store.readStream(stream, { direction: 'backwards' }))
    if (event.type === 'CustomerErased') return upcasters.upcast(event);
  return undefined;
};
