import { describe, it } from '@jest/globals';
import { specification } from '#test/support/decider-specification';
import { customer } from './customer.js';

const given = specification(customer);

const into = { customerId: 'm', into: 's', reason: 'duplicate' } as const;
const from = { customerId: 's', from: 'm', reason: 'duplicate' } as const;
const undo = { customerId: 'm', into: 's' };
const survivorUndo = { customerId: 's', from: 'm' };

const reserved = { type: 'CustomerMergeReserved', data: from } as const;
const completed = { type: 'CustomerMergeCompleted', data: from } as const;
const released = { type: 'CustomerMergeReleased', data: { ...from, because: 'customer-merged' } } as const;
const merged = { type: 'CustomerMerged', data: into } as const;
const undoReserved = { type: 'CustomerMergeUndoReserved', data: survivorUndo } as const;
const undone = { type: 'CustomerMergeUndone', data: undo } as const;
const undoCompleted = { type: 'CustomerMergeUndoCompleted', data: survivorUndo } as const;

describe('the survivor of a merge', () => {
  const merge = { type: 'MergeCustomer', data: into } as const;

  it('reserves it first, registered or not', () => {
    given([]).when(merge).then([reserved]);
  });

  it('decides nothing when it is reserved or done already', () => {
    given([reserved]).when(merge).thenNothing();
    given([reserved, completed]).when(merge).thenNothing();
  });

  it('refuses another reason for the same merge', () => {
    given([reserved, completed])
      .when({ type: 'MergeCustomer', data: { ...into, reason: 'identified' } })
      .thenRefused('customer-already-merged');
  });

  it('refuses while another merge, or the undoing of one, is under way', () => {
    const other = { type: 'MergeCustomer', data: { ...into, customerId: 'n' } } as const;
    given([reserved]).when(other).thenRefused('customer-merging');
    given([reserved, completed, undoReserved]).when(other).thenRefused('customer-merging');
    given([reserved, completed])
      .when(other)
      .then([{ type: 'CustomerMergeReserved', data: { ...from, from: 'n' } }]);
  });

  it('refuses when merged itself', () => {
    given([{ type: 'CustomerMerged', data: { ...into, customerId: 's', into: 't' } }])
      .when(merge)
      .thenRefused('customer-merged');
  });

  it.each([
    ['into', { into: 'm' }],
    ['into', { into: 'jane@example.org' }],
    ['customerId', { customerId: '' }],
    ['reason', { reason: 'whim' as 'duplicate' }],
    ['reason', { reason: undefined as unknown as 'duplicate' }],
  ])('refuses a wrong %s', (path, fields) => {
    given([])
      .when({ type: 'MergeCustomer', data: { ...into, ...fields } })
      .thenRefused('validation-failed', path);
  });

  it('completes what it reserved, once, and nothing else', () => {
    const complete = { type: 'CompleteMerge', data: from } as const;
    given([reserved]).when(complete).then([completed]);
    given([reserved, completed]).when(complete).thenNothing();
    given([reserved, released]).when(complete).thenRefused('merge-not-reserved');
    given([]).when(complete).thenRefused('merge-not-reserved');
  });

  it('releases what cannot be done, and is free for the next', () => {
    const release = { type: 'ReleaseMerge', data: released.data } as const;
    given([reserved]).when(release).then([released]);
    given([reserved, released]).when(release).thenNothing();
    given([reserved, completed]).when(release).thenNothing();
    given([reserved, released]).when(merge).then([reserved]);
  });
});

describe('the customer who is merged', () => {
  const accept = { type: 'AcceptMerge', data: into } as const;

  it('is known as the survivor from then on', () => {
    given([]).when(accept).then([merged]);
    given([merged]).when(accept).thenNothing();
  });

  it('refuses a second survivor', () => {
    given([merged])
      .when({ type: 'AcceptMerge', data: { ...into, into: 't' } })
      .thenRefused('customer-merged');
  });

  it('refuses while a merge into this one is under way, but not after', () => {
    const own = { customerId: 'm', from: 'x', reason: 'duplicate' } as const;
    given([{ type: 'CustomerMergeReserved', data: own }])
      .when(accept)
      .thenRefused('customer-merging');
    given([{ type: 'CustomerMergeCompleted', data: own }])
      .when(accept)
      .then([merged]);
  });

  it('is set free by the undoing, once', () => {
    const acceptUndo = { type: 'AcceptMergeUndo', data: undo } as const;
    given([merged]).when(acceptUndo).then([undone]);
    given([merged, undone]).when(acceptUndo).thenNothing();
    given([merged, undone]).when(accept).then([merged]);
  });
});

describe('undoing a merge', () => {
  const undoMerge = { type: 'UndoCustomerMerge', data: undo } as const;

  it('begins on the survivor, once', () => {
    given([reserved, completed]).when(undoMerge).then([undoReserved]);
    given([reserved, completed, undoReserved]).when(undoMerge).thenNothing();
  });

  it('works on a survivor who was merged in turn', () => {
    given([reserved, completed, { type: 'CustomerMerged', data: { ...into, customerId: 's', into: 't' } }])
      .when(undoMerge)
      .then([undoReserved]);
  });

  it('is refused for what is not merged, or while a merge is under way', () => {
    given([]).when(undoMerge).thenRefused('not-merged');
    given([reserved]).when(undoMerge).thenRefused('customer-merging');
    given([reserved, completed, undoReserved, undoCompleted]).when(undoMerge).thenRefused('not-merged');
  });

  it('refuses wrong ids', () => {
    given([])
      .when({ type: 'UndoCustomerMerge', data: { ...undo, into: 'm' } })
      .thenRefused('validation-failed', 'into');
  });

  it('ends on the survivor, once, who may merge the same again', () => {
    const complete = { type: 'CompleteMergeUndo', data: survivorUndo } as const;
    given([reserved, completed, undoReserved]).when(complete).then([undoCompleted]);
    given([reserved, completed, undoReserved, undoCompleted]).when(complete).thenNothing();
    given([reserved, completed, undoReserved, undoCompleted])
      .when({ type: 'MergeCustomer', data: into })
      .then([reserved]);
  });
});
