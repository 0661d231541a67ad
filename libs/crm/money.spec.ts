import { describe, expect, it } from '@jest/globals';
import { PerennialError } from '#eventing/errors';
import { FieldChecks } from './field-checks.js';
import { checkMoney, currencyScale, decimal, minorUnit, moneyOf } from './money.js';

const problemsOf = (money: unknown, currency?: string): string[] => {
  const checks = new FieldChecks();
  checkMoney(checks, 'total', money as never, currency);
  try {
    checks.done();
    return [];
  } catch (error) {
    return (error as PerennialError).fields.map(({ path }) => path);
  }
};

describe('money', () => {
  it.each([
    ['0', 'EUR'],
    ['0.00', 'EUR'],
    ['12.3', 'EUR'],
    ['12.34', 'HUF'],
    ['99999999999999.99', 'USD'],
    ['1200', 'JPY'],
    ['1.234', 'KWD'],
    ['1.2345', 'CLF'],
  ])('takes %s %s', (amount, currency) => {
    expect(problemsOf({ amount, currency })).toEqual([]);
  });

  it.each([
    ['-1', 'EUR'],
    ['12.345', 'EUR'],
    ['12.3', 'JPY'],
    ['1.', 'EUR'],
    ['.5', 'EUR'],
    ['007', 'EUR'],
    ['1e3', 'EUR'],
    ['1,00', 'EUR'],
    ['100000000000000', 'EUR'],
    ['', 'EUR'],
    [12.34, 'EUR'],
    [undefined, 'EUR'],
  ])('refuses the amount %p in %s', (amount, currency) => {
    expect(problemsOf({ amount, currency })).toEqual(['total.amount']);
  });

  it.each(['eur', 'EURO', '', 'ABC', undefined, '__proto__'])('refuses the currency %p', (currency) => {
    expect(problemsOf({ amount: '1', currency })).toEqual(['total.currency']);
  });

  it('refuses a currency that is not that of the total', () => {
    expect(problemsOf({ amount: '1', currency: 'USD' }, 'EUR')).toEqual(['total.currency']);
  });

  it('takes a missing amount for none', () => {
    expect(problemsOf(undefined)).toEqual([]);
    expect(decimal(undefined).toFixed()).toBe('0');
  });

  it('keeps the scale of ISO 4217, not the customary one', () => {
    expect(['EUR', 'HUF', 'JPY', 'BHD', 'UYW', 'XYZ'].map(currencyScale)).toEqual([2, 2, 0, 3, 4, undefined]);
    expect(minorUnit('EUR').toFixed()).toBe('0.01');
    expect(moneyOf(decimal({ amount: '5', currency: 'EUR' }), 'EUR')).toEqual({
      amount: '5.00',
      currency: 'EUR',
    });
  });
});
