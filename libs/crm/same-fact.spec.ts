import { describe, expect, it } from '@jest/globals';
import { sameFact, trimmed } from './same-fact.js';

describe('sameFact', () => {
  const eur = (amount: string) => ({ amount, currency: 'EUR' });

  it('takes equal money for the same, however it is written', () => {
    expect(sameFact({ total: eur('12.3') }, { total: eur('12.30') })).toBe(true);
    expect(sameFact({ lines: [{ price: eur('5') }] }, { lines: [{ price: eur('5.00') }] })).toBe(true);
  });

  it('sees other money, other text and other currencies', () => {
    expect(sameFact({ total: eur('12.3') }, { total: eur('12.03') })).toBe(false);
    expect(sameFact({ version: '1.0' }, { version: '1.00' })).toBe(false);
    expect(sameFact({ total: eur('1') }, { total: { amount: '1', currency: 'USD' } })).toBe(false);
  });

  it('takes an absent field and an undefined one for the same', () => {
    expect(sameFact({ total: eur('1'), tax: undefined }, { total: eur('1.0') })).toBe(true);
  });
});

describe('trimmed', () => {
  it.each([
    ['12.30', '12.3'],
    ['5.00', '5'],
    ['100', '100'],
    ['100.0', '100'],
    ['0.0', '0'],
    ['0.05', '0.05'],
  ])('writes %s as %s', (long, short) => {
    expect(trimmed(long)).toBe(short);
  });
});
