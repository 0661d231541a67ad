import { describe, expect, it } from '@jest/globals';
import type { Sealed } from '#eventing/sealed';
import { specification } from '#test/support/decider-specification';
import { customer } from './customer.js';
import { customerCommands } from './customer-commands.js';
import type { CustomerErasure, DetailsChange, Registration } from './customer-types.js';

const given = specification(customer);
/** The clear text stands for its fingerprint; the cipher differs each time. */
const sealed = (clear: string, cipher = 'x') => `sealed.1.c-1.1.${clear}.${cipher}` as Sealed;

const jane: Registration = {
  customerId: 'c-1',
  stage: 'lead',
  kind: 'person',
  name: sealed('Jane'),
  email: sealed('jane@example.org'),
  address: { street: sealed('Street'), city: sealed('Town') },
  source: { channel: 'web', campaignId: 'k-1', referredBy: 'c-9' },
  attributes: { segment: 'B', birthYear: 1980 },
};
const register = (fields: Partial<Registration> = {}) =>
  ({ type: 'RegisterCustomer', data: { ...jane, ...fields } }) as const;
const registered = { type: 'CustomerRegistered', data: jane } as const;
const change = (fields: Omit<DetailsChange, 'customerId'>) =>
  ({ type: 'ChangeCustomerDetails', data: { customerId: 'c-1', ...fields } }) as const;
const changed = (fields: Omit<DetailsChange, 'customerId'>) =>
  ({ type: 'CustomerDetailsChanged', data: { customerId: 'c-1', ...fields } }) as const;
const merged = {
  type: 'CustomerMerged',
  data: { customerId: 'c-1', into: 'c-2', reason: 'duplicate' },
} as const;
const erased = { type: 'CustomerErased', data: { customerId: 'c-1', merged: [] } } as const;

describe('registering a customer', () => {
  it('keeps the details as they were given', () => {
    given([]).when(register()).then([registered]);
  });

  it('needs nothing but a name', () => {
    const data = { customerId: 'c-1', name: sealed('Jane') };
    given([])
      .when({ type: 'RegisterCustomer', data })
      .then([{ type: 'CustomerRegistered', data }]);
  });

  it('decides nothing when the same is registered again, though sealed anew, and whatever changed since', () => {
    given([registered])
      .when(register({ name: sealed('Jane', 'y') }))
      .thenNothing();
    given([registered, changed({ stage: 'customer' })])
      .when(register())
      .thenNothing();
  });

  it('refuses other content under the same id', () => {
    given([registered])
      .when(register({ name: sealed('Joan') }))
      .thenRefused('customer-exists');
    given([registered])
      .when(register({ email: undefined }))
      .thenRefused('customer-exists');
  });

  it('is refused for a customer who is known as another', () => {
    given([merged]).when(register()).thenRefused('customer-merged');
  });

  it.each([
    ['customerId', { customerId: 'jane@example.org' }],
    ['stage', { stage: 'fan' as 'lead' }],
    ['kind', { kind: 'dog' as 'person' }],
    ['name', { name: 'Jane' as Sealed }],
    ['name', { name: undefined as unknown as Sealed }],
    ['email', { email: 'jane@example.org' as Sealed }],
    ['email', { email: null as unknown as Sealed }],
    ['phone', { phone: '+1 212 555 0100' as Sealed }],
    ['notes', { notes: 'likes tea' as Sealed }],
    ['address.city', { address: { city: 'Town' as Sealed } }],
    ['source.channel', { source: { channel: undefined as unknown as string } }],
    ['source.channel', { source: { channel: '@' } }],
    ['source.campaignId', { source: { channel: 'web', campaignId: '' } }],
    ['source.referredBy', { source: { channel: 'web', referredBy: 'c-1' } }],
    ['attributes.shoeSize', { attributes: { shoeSize: 43 } }],
    ['attributes.birthYear', { attributes: { birthYear: '1980-05-01' } }],
  ] satisfies [string, Partial<Registration>][])('refuses a wrong %s', (path, fields) => {
    given([]).when(register(fields)).thenRefused('validation-failed', path);
  });
});

describe('changing details', () => {
  it('keeps only what really changed', () => {
    given([registered])
      .when(change({ stage: 'customer', kind: 'person', name: sealed('Jane', 'y'), phone: sealed('1') }))
      .then([changed({ stage: 'customer', phone: sealed('1') })]);
  });

  it('takes a field away by null', () => {
    given([registered])
      .when(change({ email: null, phone: null, address: null }))
      .then([changed({ email: null, address: null })]);
    given([registered, changed({ email: null })])
      .when(change({ email: null }))
      .thenNothing();
  });

  it('replaces an address as a whole, and attributes key by key', () => {
    const moved = { city: sealed('City') };
    given([registered])
      .when(change({ address: moved, attributes: { segment: 'A', birthYear: 1980, language: 'de' } }))
      .then([changed({ address: moved, attributes: { segment: 'A', language: 'de' } })]);
    given([registered, changed({ attributes: { segment: null } })])
      .when(change({ attributes: { segment: null, birthYear: null } }))
      .then([changed({ attributes: { birthYear: null } })]);
  });

  it('decides nothing when nothing changes', () => {
    given([registered])
      .when(change({ name: sealed('Jane', 'z'), attributes: { segment: 'B' } }))
      .thenNothing();
  });

  it('is refused for customers who are unknown, or known as another', () => {
    given([])
      .when(change({ stage: 'customer' }))
      .thenRefused('customer-unknown');
    given([registered, merged])
      .when(change({ stage: 'customer' }))
      .thenRefused('customer-merged');
  });

  it.each([
    ['name', { name: null as unknown as Sealed }],
    ['stage', { stage: null as unknown as 'lead' }],
    ['kind', { kind: null as unknown as 'person' }],
    ['email', { email: 'jane@example.org' as Sealed }],
    ['attributes.email', { attributes: { email: 'jane@example.org' } }],
  ] satisfies [string, Omit<DetailsChange, 'customerId'>][])('refuses a wrong %s', (path, fields) => {
    given([registered]).when(change(fields)).thenRefused('validation-failed', path);
  });
});

describe('tagging', () => {
  const data = { customerId: 'c-1', tag: 'vip' };
  const tag = { type: 'TagCustomer', data } as const;
  const untag = { type: 'UntagCustomer', data } as const;
  const tagged = { type: 'CustomerTagged', data } as const;
  const untagged = { type: 'CustomerUntagged', data } as const;

  it('puts a tag on, once, and takes it off, once', () => {
    given([registered]).when(tag).then([tagged]);
    given([registered, tagged]).when(tag).thenNothing();
    given([registered, tagged]).when(untag).then([untagged]);
    given([registered, tagged, untagged]).when(untag).thenNothing();
    given([registered, tagged, untagged]).when(tag).then([tagged]);
  });

  it('is refused for customers who are unknown, or known as another', () => {
    given([]).when(tag).thenRefused('customer-unknown');
    given([]).when(untag).thenRefused('customer-unknown');
    given([registered, merged]).when(tag).thenRefused('customer-merged');
  });

  it('refuses a tag that is a sentence with an address in it, and the hundred and first', () => {
    given([registered])
      .when({ type: 'TagCustomer', data: { ...data, tag: 'write to jane@example.org' } })
      .thenRefused('validation-failed', 'tag');
    const hundred = Array.from(
      { length: 100 },
      (_, i) => ({ type: 'CustomerTagged', data: { ...data, tag: `t${i}` } }) as const,
    );
    given([registered, ...hundred])
      .when(tag)
      .thenRefused('too-many-tags');
  });
});

describe('closing', () => {
  const data = {
    customerId: 'c-1',
    initiator: 'customer',
    reason: 'too-expensive',
    note: sealed('n'),
  } as const;
  const close = { type: 'CloseCustomer', data } as const;
  const closed = { type: 'CustomerClosed', data } as const;

  it('says who ended it and why', () => {
    given([registered]).when(close).then([closed]);
  });

  it('decides nothing when it is closed so already, and is refused otherwise', () => {
    given([registered, closed]).when(close).thenNothing();
    given([registered, closed])
      .when({ type: 'CloseCustomer', data: { ...data, initiator: 'death' } })
      .thenRefused('customer-closed');
  });

  it('is refused for customers who are unknown', () => {
    given([]).when(close).thenRefused('customer-unknown');
  });

  it.each([
    ['initiator', { initiator: 'god' as 'death' }],
    ['initiator', { initiator: undefined as unknown as 'death' }],
    ['reason', { reason: 'Jane moved away' }],
    ['note', { note: 'in the clear' as Sealed }],
  ])('refuses a wrong %s', (path, fields) => {
    given([registered])
      .when({ type: 'CloseCustomer', data: { ...data, ...fields } })
      .thenRefused('validation-failed', path);
  });
});

describe('erasing', () => {
  const erase = (fields: Partial<CustomerErasure> = {}) =>
    ({ type: 'EraseCustomer', data: { customerId: 'c-1', ...fields } }) as const;

  it('leaves a tombstone, also of a customer known only from purchases', () => {
    given([registered])
      .when(erase({ reason: 'requested' }))
      .then([{ type: 'CustomerErased', data: { customerId: 'c-1', reason: 'requested', merged: [] } }]);
    given([]).when(erase()).then([erased]);
  });

  it('decides nothing when it is done already', () => {
    given([registered, erased]).when(erase()).thenNothing();
  });

  it('refuses every later command', () => {
    const later = [
      register(),
      change({ stage: 'customer' }),
      { type: 'TagCustomer', data: { customerId: 'c-1', tag: 'vip' } },
      { type: 'UntagCustomer', data: { customerId: 'c-1', tag: 'vip' } },
      { type: 'CloseCustomer', data: { customerId: 'c-1', initiator: 'death' } },
      { type: 'MergeCustomer', data: { customerId: 'c-3', into: 'c-1', reason: 'duplicate' } },
      { type: 'AcceptMerge', data: { customerId: 'c-1', into: 'c-3', reason: 'duplicate' } },
      { type: 'UndoCustomerMerge', data: { customerId: 'c-3', into: 'c-1' } },
    ] as const;
    for (const command of later) given([registered, erased]).when(command).thenRefused('customer-erased');
  });

  it('names those who were merged into the customer', () => {
    const completed = (from: string) =>
      ({ type: 'CustomerMergeCompleted', data: { customerId: 'c-1', from, reason: 'duplicate' } }) as const;
    given([completed('c-7'), completed('c-8')])
      .when(erase())
      .then([{ type: 'CustomerErased', data: { customerId: 'c-1', merged: ['c-7', 'c-8'] } }]);
  });

  it('goes through the survivor for who is known as another', () => {
    given([registered, merged]).when(erase()).thenRefused('customer-merged');
    given([registered, merged])
      .when(erase({ survivor: 'c-2' }))
      .then([erased]);
  });

  it('leaves alone who is no longer merged into the erased customer', () => {
    const undone = { type: 'CustomerMergeUndone', data: { customerId: 'c-1', into: 'c-2' } } as const;
    given([registered, merged, undone])
      .when(erase({ survivor: 'c-2' }))
      .thenNothing();
  });

  it('waits for a merge that is under way', () => {
    given([{ type: 'CustomerMergeReserved', data: { customerId: 'c-1', from: 'c-3', reason: 'duplicate' } }])
      .when(erase())
      .thenRefused('customer-merging');
  });

  it.each([
    ['customerId', { customerId: '' }],
    ['reason', { reason: 'Jane asked for it' }],
  ])('refuses a wrong %s', (path, fields) => {
    given([registered]).when(erase(fields)).thenRefused('validation-failed', path);
  });
});

describe('command types of customers', () => {
  const typeOf = (type: string) => customerCommands.find((known) => known.type === type);

  it('decide a merge on the stream of the survivor', () => {
    const data = { customerId: 'c-1', into: 'c-2', reason: 'duplicate' };
    for (const type of ['MergeCustomer', 'UndoCustomerMerge']) {
      expect(typeOf(type)?.stream(data)).toBe('customer-c-2');
      expect(typeOf(type)?.customer(data)).toBe('c-2');
      expect(typeOf(type)?.barrier).toBe(true);
    }
    expect(typeOf('AcceptMerge')?.stream(data)).toBe('customer-c-1');
  });

  it('name all that is personal', () => {
    expect(typeOf('RegisterCustomer')?.personal).toEqual(
      expect.arrayContaining(['name', 'email', 'phone', 'notes', 'address.street', 'address.postalCode']),
    );
  });
});
