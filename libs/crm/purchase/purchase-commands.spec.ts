import { describe, expect, it } from '@jest/globals';
import { purchaseCommands } from './purchase-commands.js';

const typeOf = (type: string) => {
  const found = purchaseCommands.find((known) => known.type === type);
  if (!found) throw new Error(`No command type ${type}`);
  return found;
};

describe('command types of purchases', () => {
  it('put returns on the stream of their purchase, and concern its customer', () => {
    const data = { returnId: 'r-1', orderId: 'o-1', reason: 'late' };
    for (const type of ['RecordReturn', 'VoidReturn']) {
      expect(typeOf(type).stream(data)).toBe('purchase-o-1');
      expect(typeOf(type).customer(data)).toBeUndefined();
    }
  });

  it('give a return without an order a stream of its own', () => {
    const data = { returnId: 'r-1', customerId: 'c-1', reason: 'late' };
    for (const type of ['RecordReturn', 'VoidReturn']) expect(typeOf(type).stream(data)).toBe('return-r-1');
    expect(typeOf('RecordReturn').customer(data)).toBe('c-1');
    expect(typeOf('RecordReturn').customer({ ...data, customerId: undefined })).toBeNull();
  });

  it('take the customer of a purchase from the purchase, if it has one', () => {
    const data = { orderId: 'o-1', total: { amount: '1', currency: 'EUR' } };
    expect(typeOf('RecordPurchase').customer({ ...data, customerId: 'c-1' })).toBe('c-1');
    expect(typeOf('RecordPurchase').customer(data)).toBeNull();
    expect(typeOf('RecordPurchase').stream(data)).toBe('purchase-o-1');
  });
});
