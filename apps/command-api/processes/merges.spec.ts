import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { customer } from '#crm/customer/customer';
import type { MergeCustomer, UndoCustomerMerge } from '#crm/customer/customer-types';
import { mergePolicy } from '#crm/customer/merge-policy';
import { loadState, type Outcome } from '#eventing/command-handler';
import type { RecordedEvent } from '#eventing/event';
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
import { completeMerge, mergeReaction } from './merges.js';
import { ProcessRunner } from './process-runner.js';
import { commandSender, type Send } from './send.js';

const merge = (customerId: string, into: string) =>
  outside<MergeCustomer>('MergeCustomer', { customerId, into, reason: 'duplicate' });
const undo = (customerId: string, into: string) =>
  outside<UndoCustomerMerge>('UndoCustomerMerge', { customerId, into });

const MERGED = {
  survivor: ['CustomerMergeReserved', 'CustomerMergeCompleted'],
  merged: ['CustomerMerged'],
};

describe('a merge of customers', () => {
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
  /** As after a crash: nothing in memory is left. */
  const reopen = async () => {
    await stores.close();
    await open();
  };
  const startRunner = (sending = send) =>
    ProcessRunner.start({ ...stores, name: 'spec', reactions: [mergeReaction(sending)] });
  const runToEnd = async () => {
    const runner = await startRunner();
    await until('caught up', async () => (await runner.status()).lag === 0);
    await runner.stop();
  };
  const complete = (command: MergeCustomer | UndoCustomerMerge, begun: Outcome) =>
    completeMerge({ ...stores, send }, command, begun);
  const ask = async (command: MergeCustomer | UndoCustomerMerge) => complete(command, await send(command));
  const stateOf = async (id: string) =>
    (await loadState(stores.store, stores.upcasters, customer, `customer-${id}`)).state;
  const expectMerged = async () => {
    expect(await typesOf(stores, 'customer-s')).toEqual(MERGED.survivor);
    expect(await typesOf(stores, 'customer-m')).toEqual(MERGED.merged);
  };

  /** One step: the first thing that follows from the last event. */
  const step = async (stream: string) => {
    const last = (await eventsOf(stores, stream)).at(-1) as RecordedEvent;
    for (const { command } of mergePolicy(last)) await send(command);
  };

  it.each([0, 1, 2])('is finished by the runner when the process died after step %i', async (steps) => {
    await send(merge('m', 's'));
    if (steps > 0) await step('customer-s');
    if (steps > 1) await step('customer-m');
    await reopen();
    await runToEnd();
    await expectMerged();
  });

  it.each([0, 1, 2])('is finished when the runner itself dies after %i commands', async (sends) => {
    const runner = await startRunner(dyingAfter(sends, send));
    await send(merge('m', 's'));
    if (sends < 2) await expect(runner.done).rejects.toBeInstanceOf(Crash);
    else await until('merged', async () => (await typesOf(stores, 'customer-s')).length === 2);
    await runner.stop();
    await reopen();
    await runToEnd();
    await expectMerged();
  });

  it('answers who waits with its end', async () => {
    const outcome = await ask(merge('m', 's'));
    expect(outcome).toEqual({ status: 'accepted', stream: 'customer-s', revision: 1, position: 3 });
    await expectMerged();
  });

  it('is done once, however often it is sent, and by however many at a time', async () => {
    const runner = await startRunner();
    const command = merge('m', 's');
    const begun = await send(command);
    const answers = await Promise.all([1, 2, 3].map(() => complete(command, begun)));
    expect(new Set(answers.map(({ position }) => position)).size).toBe(1);
    expect(await ask(command)).toMatchObject({ status: 'repeated', revision: 1 });
    expect(await ask(merge('m', 's'))).toMatchObject({ status: 'repeated', revision: 1 });
    await until('caught up', async () => (await runner.status()).lag === 0);
    await runner.stop();
    await expectMerged();
  });

  it('is taken up again by whoever sends it again after a crash', async () => {
    const command = merge('m', 's');
    await send(command);
    await step('customer-s');
    await reopen();
    expect(await ask(command)).toMatchObject({ status: 'repeated', revision: 1 });
    await expectMerged();
  });

  it('tells who waits why the other cannot be merged, also later', async () => {
    await ask(merge('m', 't'));
    const command = merge('m', 's');
    const no = { kind: 'refused', code: 'customer-merged' };
    await expect(ask(command)).rejects.toMatchObject(no);
    await expect(ask(command)).rejects.toMatchObject(no);
    expect(await typesOf(stores, 'customer-s')).toEqual(['CustomerMergeReserved', 'CustomerMergeReleased']);
    // What the first attempt came to does not change when the obstacle is gone.
    await ask(undo('m', 't'));
    await expect(ask(command)).rejects.toMatchObject(no);
    expect((await stateOf('m')).mergedInto).toBeUndefined();
    expect(await ask(merge('m', 's'))).toMatchObject({ status: 'accepted', revision: 3 });
  });

  it('can be undone, and begun anew', async () => {
    await ask(merge('m', 's'));
    expect(await ask(undo('m', 's'))).toMatchObject({ status: 'accepted', revision: 3 });
    expect((await stateOf('s')).mergedFrom).toEqual([]);
    expect((await stateOf('m')).mergedInto).toBeUndefined();
    expect(await ask(merge('m', 's'))).toMatchObject({ status: 'accepted', revision: 5 });
    expect((await stateOf('m')).mergedInto).toMatchObject({ into: 's' });
  });

  it.each([0, 1, 2])('is undone by the runner when the process died after step %i', async (steps) => {
    await ask(merge('m', 's'));
    await send(undo('m', 's'));
    if (steps > 0) await step('customer-s');
    if (steps > 1) await step('customer-m');
    await reopen();
    await runToEnd();
    expect((await typesOf(stores, 'customer-s')).slice(2)).toEqual([
      'CustomerMergeUndoReserved',
      'CustomerMergeUndoCompleted',
    ]);
    expect((await typesOf(stores, 'customer-m')).slice(1)).toEqual(['CustomerMergeUndone']);
  });

  it('of many at once into one goes one after the other', async () => {
    const runner = await startRunner();
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((id) => ask(merge(id, 's'))));
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'customer-merging' });
    expect(answers.some(({ status }) => status === 'fulfilled')).toBe(true);
    await until('caught up', async () => (await runner.status()).lag === 0);
    await runner.stop();
    const { merging, unmerging } = await stateOf('s');
    expect([merging, unmerging]).toEqual([undefined, undefined]);
  });
});
