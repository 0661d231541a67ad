import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { decidesOrRefuses, foldsWhateverComes } from '#test/support/decider-properties';
import { customer } from './customer/customer.js';
import type { CustomerCommand, CustomerEvent } from './customer/customer-types.js';
import { type InteractionCommand, type InteractionEvent, interaction } from './interaction/interaction.js';
import { purchase } from './purchase/purchase.js';
import type { PurchaseCommand, PurchaseEvent } from './purchase/purchase-types.js';
import {
  type ServiceFailureCommand,
  type ServiceFailureEvent,
  serviceFailure,
} from './service-failure/service-failure.js';

const perhaps = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: undefined });
const word = fc.constantFrom('a', 'b', 'late', 'a@b.cd', '');
const sealed = fc.constantFrom('sealed.1.k.1.f.x', 'sealed.1.k.1.f.y', 'sealed.1.k.1.g.x', 'clear');
const money = fc.record({
  amount: fc.constantFrom('0', '1', '1.00', '2.50', '7.5', '10.00', '-1', '1.234', 'x'),
  currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'JPY', 'eur'),
});
const quantity = fc.constantFrom('1', '1', '2', '2.0', '0.5', '0', '-1', 'x');
const voiding = { reason: word, replacedBy: perhaps(word), note: perhaps(sealed) };

describe('a purchase, whatever comes', () => {
  const lines = fc.array(
    fc.record({
      lineId: perhaps(word),
      sku: fc.constantFrom('a', 'b'),
      quantity,
      unitPrice: perhaps(money),
      discount: perhaps(money),
    }),
    { maxLength: 3 },
  );
  const data = fc.record({
    ...voiding,
    orderId: perhaps(fc.constant('o-1')),
    returnId: word,
    customerId: perhaps(word),
    total: money,
    tax: perhaps(money),
    refund: perhaps(money),
    lines: perhaps(lines),
  });
  it('is decided or refused', () => {
    const types = ['RecordPurchase', 'RecordReturn', 'VoidPurchase', 'VoidReturn'] as const;
    const type = fc.constantFrom<PurchaseCommand['type']>(...types);
    const simple = fc.constantFrom(
      {
        type: 'RecordPurchase' as const,
        data: { orderId: 'o-1', total: { amount: '7.5', currency: 'EUR' } },
      },
      { type: 'RecordReturn' as const, data: { orderId: 'o-1', returnId: 'a', reason: 'late' } },
    );
    decidesOrRefuses(purchase, fc.oneof(simple, fc.record({ type, data })));
  });
  it('folds', () => {
    const types = ['PurchaseRecorded', 'ReturnRecorded', 'PurchaseVoided', 'ReturnVoided'] as const;
    foldsWhateverComes(purchase, fc.record({ type: fc.constantFrom<PurchaseEvent['type']>(...types), data }));
  });
});

describe('an interaction, whatever comes', () => {
  const data = fc.record({
    ...voiding,
    interactionId: fc.constant('i-1'),
    channel: word,
    cost: perhaps(money),
    text: perhaps(sealed),
  });
  it('is decided or refused', () => {
    const type = fc.constantFrom<InteractionCommand['type']>('RecordInteraction', 'VoidInteraction');
    decidesOrRefuses(interaction, fc.record({ type, data }));
  });
  it('folds', () => {
    const type = fc.constantFrom<InteractionEvent['type']>('InteractionRecorded', 'InteractionVoided');
    foldsWhateverComes(interaction, fc.record({ type, data }));
  });
});

describe('a service failure, whatever comes', () => {
  const data = fc.record({
    ...voiding,
    serviceFailureId: fc.constant('f-1'),
    kind: word,
    affectedCustomers: perhaps(fc.array(word, { maxLength: 3 })),
    affectedCount: perhaps(fc.integer({ min: -1, max: 3 })),
  });
  it('is decided or refused', () => {
    const type = fc.constantFrom<ServiceFailureCommand['type']>('RecordServiceFailure', 'VoidServiceFailure');
    decidesOrRefuses(serviceFailure, fc.record({ type, data }));
  });
  it('folds', () => {
    const type = fc.constantFrom<ServiceFailureEvent['type']>(
      'ServiceFailureRecorded',
      'ServiceFailureVoided',
    );
    foldsWhateverComes(serviceFailure, fc.record({ type, data }));
  });
});

describe('a customer, whatever comes', () => {
  const id = fc.constantFrom('m', 's');
  const data = fc.record({
    customerId: id,
    into: id,
    from: id,
    survivor: perhaps(id),
    merged: fc.array(id),
    because: word,
    reason: fc.constantFrom('duplicate', 'identified', 'whim'),
    initiator: fc.constantFrom('customer', 'death', 'god'),
    name: sealed,
    email: fc.option(sealed),
    address: fc.option(fc.record({ city: sealed })),
    attributes: perhaps(
      fc.dictionary(fc.constantFrom('segment', 'birthYear', 'nonsense'), fc.constantFrom('A', 1980, null)),
    ),
    tag: word,
  });
  it('is decided or refused', () => {
    const type = fc.constantFrom<CustomerCommand['type']>(
      'RegisterCustomer',
      'ChangeCustomerDetails',
      'TagCustomer',
      'UntagCustomer',
      'CloseCustomer',
      'EraseCustomer',
      'MergeCustomer',
      'AcceptMerge',
      'CompleteMerge',
      'ReleaseMerge',
      'UndoCustomerMerge',
      'AcceptMergeUndo',
      'CompleteMergeUndo',
    );
    const registration = fc.constant({
      type: 'RegisterCustomer' as const,
      data: { customerId: 'm', name: 'sealed.1.k.1.f.x' },
    });
    decidesOrRefuses(customer, fc.oneof(registration, fc.record({ type, data })));
  });
  it('folds', () => {
    const type = fc.constantFrom<CustomerEvent['type']>(
      'CustomerRegistered',
      'CustomerDetailsChanged',
      'CustomerTagged',
      'CustomerUntagged',
      'CustomerClosed',
      'CustomerErased',
      'CustomerMergeReserved',
      'CustomerMergeReleased',
      'CustomerMergeCompleted',
      'CustomerMerged',
      'CustomerMergeUndoReserved',
      'CustomerMergeUndone',
      'CustomerMergeUndoCompleted',
    );
    foldsWhateverComes(customer, fc.record({ type, data }));
  });
});
