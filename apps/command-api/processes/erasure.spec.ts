import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { EraseCustomer, MergeCustomer, UndoCustomerMerge } from '#crm/customer/customer-types';
import type { RecordInteraction } from '#crm/interaction/interaction';
import { PerennialError } from '#eventing/errors';
import { Sealer } from '#personal-data/sealer';
import {
  Crash,
  dyingAfter,
  eventsOf,
  newFolder,
  openProcessStores,
  outside,
  type ProcessStores,
  removeFolder,
  typesOf,
  until,
} from '#test/support/process-stores';
import { completeErasure, type Eraser, erasureReaction } from './erasure.js';
import { completeMerge, mergeReaction } from './merges.js';
import { ProcessRunner } from './process-runner.js';
import { commandSender, type Send } from './send.js';

const erase = (customerId: string) =>
  outside<EraseCustomer>('EraseCustomer', { customerId, reason: 'requested' });

describe('an erasure', () => {
  let folder: string;
  let stores: ProcessStores;
  let send: Send;
  beforeEach(async () => {
    folder = newFolder();
    await open();
  });
  afterEach(async () => {
    await stores.close();
    removeFolder(folder);
  });

  const open = async () => {
    stores = await openProcessStores(folder);
    send = commandSender(stores.store, stores.upcasters);
  };
  const reopen = async () => {
    await stores.close();
    await open();
  };
  const tools = (sending = send) => ({ ...stores, send: sending });
  const ask = async (customerId: string, sending = send, vault: Eraser = stores.vault) => {
    const command = erase(customerId);
    await sending(command);
    await completeErasure(tools(sending), vault, customerId);
  };
  const startRunner = (vault: Eraser = stores.vault) =>
    ProcessRunner.start({
      ...stores,
      name: 'spec',
      reactions: [mergeReaction(send), erasureReaction(tools(), vault)],
    });
  const runToEnd = async () => {
    const runner = await startRunner();
    await until('caught up', async () => (await runner.status()).lag === 0);
    await runner.stop();
  };
  const merge = async (customerId: string, into: string) => {
    const command = outside<MergeCustomer>('MergeCustomer', { customerId, into, reason: 'duplicate' });
    await completeMerge(tools(), command, await send(command));
  };
  /** Somebody with a name, who can be found by an e-mail address and has said something. */
  const register = async (customerId: string) => {
    const sealer = new Sealer(stores.vault);
    const stream = `customer-${customerId}`;
    const name = await sealer.seal({ owner: customerId, stream }, 'name', `Name of ${customerId}`);
    await send(outside('RegisterCustomer', { customerId, name }));
    await stores.vault.putLookUps([{ owner: customerId, kind: 'email', value: `${customerId}@example.com` }]);
    const talk = { owner: customerId, stream: `interaction-${customerId}` };
    await send(
      outside<RecordInteraction>('RecordInteraction', {
        interactionId: customerId,
        customerId,
        channel: 'phone',
        text: await sealer.seal(talk, 'text', 'I moved'),
      }),
    );
  };
  const readable = async (customerId: string): Promise<boolean> => {
    const sealer = new Sealer(stores.vault);
    const opened: unknown[] = [];
    for (const stream of [`customer-${customerId}`, `interaction-${customerId}`])
      for (const { data } of await eventsOf(stores, stream))
        opened.push(await sealer.openFields(data, { owner: customerId, stream }));
    const found = await stores.vault.find('email', `${customerId}@example.com`);
    return found.length > 0 || /Name of|I moved/.test(JSON.stringify(opened));
  };
  const isErased = async (customerId: string): Promise<boolean> => {
    const types = await typesOf(stores, `customer-${customerId}`);
    return types.includes('CustomerErased') && (await stores.vault.isErased(customerId));
  };
  /** x is merged into m, m into s. */
  const family = async () => {
    for (const id of ['x', 'm', 's', 'other']) await register(id);
    await merge('x', 'm');
    await merge('m', 's');
  };
  const expectFamilyErased = async () => {
    for (const id of ['x', 'm', 's']) {
      expect(await isErased(id)).toBe(true);
      expect(await readable(id)).toBe(false);
    }
    expect(await readable('other')).toBe(true);
  };

  it('leaves nothing readable of the customer and of all who were merged into him or her', async () => {
    await family();
    for (const id of ['x', 'm', 's']) expect(await readable(id)).toBe(true);
    await ask('s');
    await expectFamilyErased();
  });

  it('covers customers who never registered', async () => {
    await ask('visitor');
    expect(await isErased('visitor')).toBe(true);
  });

  it('costs nothing when it is refused', async () => {
    await family();
    await expect(ask('m')).rejects.toMatchObject({ code: 'customer-merged' });
    for (const id of ['x', 'm', 's']) expect(await readable(id)).toBe(true);
  });

  it('leaves the keys of facts without a customer', async () => {
    await register('s');
    const place = { owner: 'complaint-1', stream: 'complaint-1' };
    const sealed = await new Sealer(stores.vault).seal(place, 'description', 'Somebody was rude');
    await ask('s');
    expect(await new Sealer(stores.vault).open(place, 'description', sealed)).toBe('Somebody was rude');
  });

  it('leaves alone who was set free before', async () => {
    await family();
    const undo = outside<UndoCustomerMerge>('UndoCustomerMerge', { customerId: 'm', into: 's' });
    await completeMerge(tools(), undo, await send(undo));
    await ask('s');
    expect(await isErased('s')).toBe(true);
    for (const id of ['m', 'x']) {
      expect(await isErased(id)).toBe(false);
      expect(await readable(id)).toBe(true);
    }
  });

  // Sending the erasure itself is the first command, those of m and x the second and third.
  it.each([1, 2, 3])('is finished by the runner when the process died after %i commands', async (sends) => {
    await family();
    const vault = sends === 3 ? dyingVault : stores.vault;
    await expect(ask('s', dyingAfter(sends, send), vault)).rejects.toBeInstanceOf(Crash);
    await reopen();
    await runToEnd();
    await expectFamilyErased();
  });

  it.each([1, 2, 3])('is finished by whoever sends it again after %i commands', async (sends) => {
    await family();
    const vault = sends === 3 ? dyingVault : stores.vault;
    await expect(ask('s', dyingAfter(sends, send), vault)).rejects.toBeInstanceOf(Crash);
    await reopen();
    await ask('s');
    await expectFamilyErased();
  });

  it('is tried again by the runner while the vault is busy', async () => {
    await family();
    let failures = 2;
    const runner = await startRunner({
      erase: async (owners) => {
        if (failures-- > 0) throw new PerennialError('unavailable', 'vault-busy', 'Busy.');
        await stores.vault.erase(owners);
      },
    });
    await send(erase('s'));
    await until('erased', () => isErased('x'));
    await until('caught up', async () => (await runner.status()).lag === 0);
    await runner.stop();
    await expectFamilyErased();
  });

  it('may be carried out by many at a time', async () => {
    await family();
    const runner = await startRunner();
    await Promise.all([ask('s'), ask('s'), ask('s')]);
    await expectFamilyErased();
    await until('caught up', async () => (await runner.status()).lag === 0);
    await runner.stop();
    for (const id of ['x', 'm', 's'])
      expect(
        (await typesOf(stores, `customer-${id}`)).filter((type) => type === 'CustomerErased'),
      ).toHaveLength(1);
  });

  it('does nothing to a customer who was not erased', async () => {
    await register('s');
    await completeErasure(tools(), stores.vault, 's');
    expect(await readable('s')).toBe(true);
  });
});

const dyingVault: Eraser = {
  erase: async () => {
    throw new Crash();
  },
};
