import { describe, it } from '@jest/globals';
import { specification } from '#test/support/decider-specification';
import { purchase } from './purchase.js';
import type { Purchase, PurchaseLine, PurchaseRecorded, RecordPurchase } from './purchase-types.js';

const given = specification(purchase);
const eur = (amount: string) => ({ amount, currency: 'EUR' });

const sale: Purchase = { orderId: 'o-1', customerId: 'c-1', total: eur('10.00') };
const line = (fields: Partial<PurchaseLine> = {}): PurchaseLine => ({
  lineId: '1',
  sku: 'tea',
  quantity: '2',
  unitPrice: eur('5.00'),
  ...fields,
});
const record = (fields: Partial<Purchase> = {}) =>
  ({ type: 'RecordPurchase', data: { ...sale, ...fields } }) as const satisfies Omit<
    RecordPurchase,
    'metadata'
  >;
const recorded = (fields: Partial<Purchase> = {}): PurchaseRecorded => ({
  type: 'PurchaseRecorded',
  data: { ...sale, ...fields },
});

describe('recording a purchase', () => {
  it('keeps it as it was given', () => {
    given([])
      .when(record({ channel: 'web', campaignId: 'k-1' }))
      .then([recorded({ channel: 'web', campaignId: 'k-1' })]);
  });

  it('needs no customer, and may cost nothing', () => {
    const free = { customerId: undefined, total: eur('0') };
    given([])
      .when(record(free))
      .then([recorded(free)]);
  });

  it('numbers lines that have no id, and writes quantities in one form', () => {
    given([])
      .when(record({ lines: [{ sku: 'tea', quantity: '2.0', unitPrice: eur('5.00') }] }))
      .then([recorded({ lines: [line()] })]);
  });

  it('decides nothing when the same is recorded again', () => {
    given([recorded()]).when(record()).thenNothing();
    given([recorded()])
      .when(record({ total: eur('10') }))
      .thenNothing();
    given([recorded({ lines: [line()] })])
      .when(record({ lines: [{ sku: 'tea', quantity: '2', unitPrice: eur('5') }] }))
      .thenNothing();
  });

  it('refuses other content under the same order id', () => {
    given([recorded()])
      .when(record({ total: eur('11.00') }))
      .thenRefused('purchase-exists');
    given([recorded()])
      .when(record({ customerId: 'c-2' }))
      .thenRefused('purchase-exists');
    given([recorded()])
      .when({ ...record(), metadata: { occurredAt: '2024-05-01T10:00:01.000Z' } })
      .thenRefused('purchase-exists');
  });

  it.each([
    ['orderId', { orderId: 'jane@example.org' }],
    ['customerId', { customerId: '+49 171 1234567' }],
    ['campaignId', { campaignId: '' }],
    ['contractId', { contractId: ' x' }],
    ['channel', { channel: 'call jane@example.org' }],
    ['kind', { kind: 'gift' as 'sale' }],
    ['total.amount', { total: eur('-1') }],
    ['total.amount', { total: eur('1.234') }],
    ['total.currency', { total: { amount: '1', currency: 'ABC' } }],
    ['tax.currency', { tax: { amount: '1', currency: 'USD' } }],
    ['tax.amount', { tax: eur('10.01') }],
    ['shipping.amount', { shipping: eur('free') }],
    ['discount.amount', { discount: eur('-1') }],
    ['cost.currency', { cost: { amount: '1', currency: 'USD' } }],
    ['lines[0].sku', { lines: [line({ sku: undefined as unknown as string })] }],
    ['lines[0].category', { lines: [line({ category: '@' })] }],
    ['lines[0].kind', { lines: [line({ kind: 'thing' as 'product' })] }],
    ['lines[0].offerId', { lines: [line({ offerId: '' })] }],
    ['lines[0].quantity', { lines: [line({ quantity: '0' })] }],
    ['lines[0].quantity', { lines: [line({ quantity: '0.000' })] }],
    ['lines[0].quantity', { lines: [line({ quantity: '-1' })] }],
    ['lines[0].quantity', { lines: [line({ quantity: '0.0000001' })] }],
    ['lines[0].unitPrice.currency', { lines: [line({ unitPrice: { amount: '5', currency: 'USD' } })] }],
    ['lines[0].listPrice.amount', { lines: [line({ listPrice: eur('x') })] }],
    ['lines[0].unitCost.amount', { lines: [line({ unitCost: eur('x') })] }],
    ['lines[0].discount.amount', { lines: [line({ discount: eur('10.01') })] }],
    ['lines[1].lineId', { lines: [line({ quantity: '1' }), line({ quantity: '1' })] }],
    ['lines', { lines: Array.from({ length: 501 }, (_, i) => line({ lineId: `${i}` })) }],
  ] satisfies [string, Partial<Purchase>][])('refuses a wrong %s', (path, fields) => {
    given([]).when(record(fields)).thenRefused('validation-failed', path);
  });
});

describe('the total of a purchase', () => {
  const accepted = (fields: Partial<Purchase>) =>
    given([])
      .when(record(fields))
      .then([recorded(fields)]);
  const wrong = (fields: Partial<Purchase>) =>
    given([]).when(record(fields)).thenRefused('validation-failed', 'total.amount');

  it('is lines + tax + shipping - discount', () => {
    const parts = {
      lines: [
        line({ discount: eur('1.00') }),
        line({ lineId: '2', quantity: '0.5', unitPrice: eur('3.00') }),
      ],
      tax: eur('2.10'),
      shipping: eur('4.90'),
      discount: eur('3.00'),
    };
    accepted({ ...parts, total: eur('14.50') });
    wrong({ ...parts, total: eur('14.53') });
    wrong({ ...parts, total: eur('14.47') });
  });

  it('does not count a tax twice that the prices contain', () => {
    accepted({ lines: [line()], tax: eur('1.60'), taxIncluded: true });
    wrong({ lines: [line()], tax: eur('1.60') });
  });

  it('may be off by one minor unit per line, for rounding', () => {
    const third = line({ quantity: '0.333', unitPrice: eur('0.99') });
    const three = [third, { ...third, lineId: '2' }, { ...third, lineId: '3' }];
    accepted({ lines: three, total: eur('0.99') });
    accepted({ lines: three, total: eur('1.01') });
    wrong({ lines: three, total: eur('1.02') });
    const yen = line({ unitPrice: { amount: '500', currency: 'JPY' } });
    accepted({ lines: [yen], total: { amount: '1001', currency: 'JPY' } });
    wrong({ lines: [yen], total: { amount: '1002', currency: 'JPY' } });
  });

  it('must cover the lines that have a price, where others have none', () => {
    const lines = [line(), line({ lineId: '2', unitPrice: undefined })];
    accepted({ lines, total: eur('25.00') });
    wrong({ lines, total: eur('9.97') });
  });

  it('is not held against lines without prices', () => {
    accepted({ lines: [line({ unitPrice: undefined })], total: eur('123.45') });
  });

  it('is exact where floating point is not', () => {
    const lines = ['1', '2', '3'].map((lineId) => line({ lineId, quantity: '1', unitPrice: eur('0.10') }));
    accepted({ lines, total: eur('0.30') });
    accepted({
      lines: [line({ quantity: '3', unitPrice: eur('33333333333333.33') })],
      total: eur('99999999999999.99'),
    });
  });
});

describe('voiding a purchase', () => {
  const voided = { orderId: 'o-1', reason: 'duplicate', replacedBy: 'o-2' };

  it('takes it out of the count', () => {
    given([recorded()])
      .when({ type: 'VoidPurchase', data: voided })
      .then([{ type: 'PurchaseVoided', data: voided }]);
  });

  it('decides nothing when it is voided so already', () => {
    given([recorded(), { type: 'PurchaseVoided', data: voided }])
      .when({ type: 'VoidPurchase', data: voided })
      .thenNothing();
  });

  it('is refused for another reason than before', () => {
    given([recorded(), { type: 'PurchaseVoided', data: voided }])
      .when({ type: 'VoidPurchase', data: { ...voided, reason: 'fraud' } })
      .thenRefused('already-voided');
  });

  it('is refused for a purchase that nobody knows', () => {
    given([]).when({ type: 'VoidPurchase', data: voided }).thenRefused('purchase-unknown');
  });

  it('is refused while returns stand', () => {
    const back = { returnId: 'r-1', orderId: 'o-1', reason: 'damaged', refund: eur('1.00') };
    const returnVoided = { returnId: 'r-1', orderId: 'o-1', reason: 'test' };
    given([recorded(), { type: 'ReturnRecorded', data: back }])
      .when({ type: 'VoidPurchase', data: voided })
      .thenRefused('purchase-has-returns');
    given([recorded(), { type: 'ReturnRecorded', data: back }, { type: 'ReturnVoided', data: returnVoided }])
      .when({ type: 'VoidPurchase', data: voided })
      .then([{ type: 'PurchaseVoided', data: voided }]);
  });

  it('leaves a repeated recording of the same purchase a repetition', () => {
    given([recorded(), { type: 'PurchaseVoided', data: voided }])
      .when(record())
      .thenNothing();
  });

  it.each([
    ['reason', { reason: 'Mrs Smith rang' }],
    ['reason', { reason: undefined as unknown as string }],
    ['replacedBy', { replacedBy: 'o-1' }],
    ['note', { note: 'in the clear' as never }],
  ])('refuses a wrong %s', (path, fields) => {
    given([recorded()])
      .when({ type: 'VoidPurchase', data: { ...voided, ...fields } })
      .thenRefused('validation-failed', path);
  });
});
