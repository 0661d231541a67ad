import { describe, it } from '@jest/globals';
import { specification } from '#test/support/decider-specification';
import { purchase } from './purchase.js';
import type { Purchase, PurchaseEvent, Return, ReturnRequest, ReturnVoiding } from './purchase-types.js';

const given = specification(purchase);
const eur = (amount: string) => ({ amount, currency: 'EUR' });

const sale: Purchase = {
  orderId: 'o-1',
  customerId: 'c-1',
  total: eur('35.00'),
  lines: [
    { lineId: '1', sku: 'tea', quantity: '2', unitPrice: eur('5.00') },
    { lineId: '2', sku: 'cup', quantity: '1', unitPrice: eur('10.00') },
    { lineId: '3', sku: 'cup', quantity: '1.5', unitPrice: eur('10.00') },
  ],
};
const recorded: PurchaseEvent = { type: 'PurchaseRecorded', data: sale };
const recordedWithoutLines: PurchaseEvent = {
  type: 'PurchaseRecorded',
  data: { orderId: 'o-1', total: eur('35.00') },
};
const facts = { returnId: 'r-1', orderId: 'o-1', reason: 'damaged' };
const bring = (fields: Partial<ReturnRequest> = {}) =>
  ({ type: 'RecordReturn', data: { ...facts, ...fields } }) as const;
const returned = (fields: Partial<Return> = {}) =>
  ({ type: 'ReturnRecorded', data: { ...facts, refund: eur('5.00'), ...fields } }) as const;
const tea = { lineId: '1', sku: 'tea', quantity: '1' };

describe('returning part of a purchase', () => {
  it('names a line by its id or by its sku', () => {
    const expected = [returned({ lines: [tea] })];
    given([recorded])
      .when(bring({ refund: eur('5.00'), lines: [{ sku: 'tea', quantity: '1' }] }))
      .then(expected);
    given([recorded])
      .when(bring({ refund: eur('5.00'), lines: [{ lineId: '1', quantity: '1' }] }))
      .then(expected);
    given([recorded])
      .when(bring({ refund: eur('5.00'), lines: [tea] }))
      .then(expected);
  });

  it('may be about money alone', () => {
    given([recorded])
      .when(bring({ refund: eur('5.00') }))
      .then([returned()]);
  });

  it('takes goods by sku where the lines bought are not known', () => {
    given([recordedWithoutLines])
      .when(bring({ refund: eur('5.00'), lines: [{ sku: 'hat', quantity: '9.0' }] }))
      .then([returned({ lines: [{ lineId: '1', sku: 'hat', quantity: '9' }] })]);
    given([recordedWithoutLines])
      .when(bring({ refund: eur('5.00'), lines: [{ lineId: '1', quantity: '9' }] }))
      .thenRefused('validation-failed', 'lines[0].sku');
  });

  it('takes no more of a line than was bought, over all its returns', () => {
    given([recorded, returned({ returnId: 'r-0', refund: eur('0'), lines: [tea] })])
      .when(bring({ refund: eur('5.00'), lines: [tea] }))
      .then([returned({ lines: [tea] })]);
    given([recorded, returned({ returnId: 'r-0', refund: eur('0'), lines: [tea] })])
      .when(bring({ refund: eur('0'), lines: [{ ...tea, quantity: '1.000001' }] }))
      .thenRefused('returned-more-than-bought', 'lines');
    given([recorded])
      .when(bring({ refund: eur('0'), lines: [tea, { ...tea, quantity: '1.5' }] }))
      .thenRefused('returned-more-than-bought', 'lines');
  });

  it('gives no more money back than was paid, over all returns', () => {
    given([recorded, returned({ returnId: 'r-0', refund: eur('30.00') })])
      .when(bring({ refund: eur('5.01') }))
      .thenRefused('returned-more-than-bought', 'refund.amount');
    given([recorded, returned({ returnId: 'r-0', refund: eur('30.00') })])
      .when(bring({ refund: eur('5.00') }))
      .then([returned()]);
  });

  it('does not count a return that was voided', () => {
    given([
      recorded,
      returned({ returnId: 'r-0', refund: eur('35.00'), lines: [{ ...tea, quantity: '2' }] }),
      { type: 'ReturnVoided', data: { returnId: 'r-0', orderId: 'o-1', reason: 'test' } },
    ])
      .when(bring({ refund: eur('5.00'), lines: [tea] }))
      .then([returned({ lines: [tea] })]);
  });

  it('refuses lines that the purchase does not have, or that a sku does not tell apart', () => {
    given([recorded])
      .when(bring({ refund: eur('0'), lines: [{ sku: 'hat', quantity: '1' }] }))
      .thenRefused('validation-failed', 'lines[0].sku');
    given([recorded])
      .when(bring({ refund: eur('0'), lines: [tea, { lineId: '9', quantity: '1' }] }))
      .thenRefused('validation-failed', 'lines[1].lineId');
    given([recorded])
      .when(bring({ refund: eur('0'), lines: [{ lineId: '1', sku: 'cup', quantity: '1' }] }))
      .thenRefused('validation-failed', 'lines[0].lineId');
    given([recorded])
      .when(bring({ refund: eur('0'), lines: [{ sku: 'cup', quantity: '1' }] }))
      .thenRefused('validation-failed', 'lines[0].sku');
  });

  it('is refused for a purchase that is unknown, voided, or was made later', () => {
    given([])
      .when(bring({ refund: eur('5.00') }))
      .thenRefused('purchase-unknown');
    given([recorded, { type: 'PurchaseVoided', data: { orderId: 'o-1', reason: 'test' } }])
      .when(bring({ refund: eur('5.00') }))
      .thenRefused('purchase-voided');
    given([recorded])
      .when({ ...bring({ refund: eur('5.00') }), metadata: { businessDate: '2024-04-30' } })
      .thenRefused('return-before-purchase');
  });

  it.each([
    ['returnId', { returnId: 'jane@example.org' }],
    ['reason', { reason: 'Jane said it broke' }],
    ['reason', { reason: undefined as unknown as string }],
    ['channel', { channel: '' }],
    ['note', { note: 'in the clear' as never }],
    ['refund.amount', { refund: eur('-5') }],
    ['refund.currency', { refund: { amount: '5', currency: 'USD' } }],
    ['refund', { refund: undefined, lines: [tea] }],
    ['customerId', { customerId: 'c-1' }],
    ['lines', { lines: [] }],
    ['lines[0].quantity', { lines: [{ sku: 'tea', quantity: '0' }] }],
    ['lines[0].sku', { lines: [{ quantity: '1' }] }],
  ] satisfies [string, Partial<ReturnRequest>][])('refuses a wrong %s', (path, fields) => {
    given([recorded])
      .when(bring({ refund: eur('5.00'), ...fields }))
      .thenRefused('validation-failed', path);
  });
});

describe('returning all that is left', () => {
  it('is asked for by naming neither lines nor refund', () => {
    given([recorded, returned({ returnId: 'r-0', lines: [tea] })])
      .when(bring())
      .then([
        returned({
          refund: eur('30.00'),
          lines: [
            tea,
            { lineId: '2', sku: 'cup', quantity: '1' },
            { lineId: '3', sku: 'cup', quantity: '1.5' },
          ],
          whole: true,
        }),
      ]);
  });

  it('is money alone where the lines bought are not known', () => {
    given([recordedWithoutLines])
      .when(bring())
      .then([returned({ refund: eur('35.00'), whole: true })]);
  });

  it('is refused when nothing is left', () => {
    given([recordedWithoutLines, returned({ returnId: 'r-0', refund: eur('35.00'), whole: true })])
      .when(bring())
      .thenRefused('nothing-left-to-return');
  });
});

describe('a return sent again', () => {
  it('decides nothing', () => {
    given([recorded, returned({ lines: [tea] })])
      .when(bring({ refund: eur('5'), lines: [{ sku: 'tea', quantity: '1.0' }] }))
      .thenNothing();
    given([recordedWithoutLines, returned({ refund: eur('35.00'), whole: true })])
      .when(bring())
      .thenNothing();
  });

  it('is refused with other content', () => {
    const again = given([recorded, returned({ lines: [tea] })]);
    again.when(bring({ refund: eur('4.00'), lines: [tea] })).thenRefused('return-exists');
    again.when(bring({ refund: eur('5.00') })).thenRefused('return-exists');
    again.when(bring({ refund: eur('5.00'), lines: [tea], reason: 'late' })).thenRefused('return-exists');
    again.when(bring()).thenRefused('return-exists');
    given([recordedWithoutLines, returned({ refund: eur('35.00'), whole: true })])
      .when(bring({ reason: 'late' }))
      .thenRefused('return-exists');
    again
      .when({
        ...bring({ refund: eur('5.00'), lines: [tea] }),
        metadata: { occurredAt: '2024-05-02T10:00:00.000Z' },
      })
      .thenRefused('return-exists');
  });
});

describe('a return without an order', () => {
  const loose = { orderId: undefined, customerId: 'c-1', refund: eur('5.00') };
  const lines = [{ sku: 'tea', quantity: '1' }];

  it('is recorded as it was given', () => {
    given([])
      .when(bring({ ...loose, lines }))
      .then([returned({ ...loose, lines: [tea] })]);
  });

  it('decides nothing when it is sent again, and is refused with other content', () => {
    given([returned(loose)])
      .when(bring(loose))
      .thenNothing();
    given([returned(loose)])
      .when(bring({ ...loose, refund: eur('6.00') }))
      .thenRefused('return-exists');
  });

  it.each([
    ['refund', { refund: undefined }],
    ['lines[0].sku', { lines: [{ lineId: '1', quantity: '1' }] }],
    ['customerId', { customerId: '' }],
  ])('refuses a wrong %s', (path, fields) => {
    given([])
      .when(bring({ ...loose, ...fields }))
      .thenRefused('validation-failed', path);
  });
});

describe('voiding a return', () => {
  const voiding: ReturnVoiding = { returnId: 'r-1', orderId: 'o-1', reason: 'entered-in-error' };
  const voidIt = (fields: Partial<ReturnVoiding> = {}) =>
    ({ type: 'VoidReturn', data: { ...voiding, ...fields } }) as const;
  const voided = { type: 'ReturnVoided', data: voiding } as const;

  it('takes it out of the count', () => {
    given([recorded, returned()]).when(voidIt()).then([voided]);
  });

  it('decides nothing when it is voided so already, and is refused for another reason', () => {
    given([recorded, returned(), voided]).when(voidIt()).thenNothing();
    given([recorded, returned(), voided])
      .when(voidIt({ reason: 'test' }))
      .thenRefused('already-voided');
  });

  it('is refused for a return that nobody knows', () => {
    given([recorded]).when(voidIt()).thenRefused('return-unknown');
  });

  it('works without an order too', () => {
    const loose = { orderId: undefined };
    given([returned(loose)])
      .when(voidIt(loose))
      .then([{ type: 'ReturnVoided', data: { ...voiding, ...loose } }]);
  });
});
