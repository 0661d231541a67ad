import { describe, expect, it } from '@jest/globals';
import type { PerennialError } from '#eventing/errors';
import { FieldChecks } from '../field-checks.js';
import { attributeFromText, checkAttributes } from './attributes.js';
import type { AttributeValue } from './customer-types.js';

const wrong = (attributes: Record<string, AttributeValue | null>): readonly string[] => {
  const checks = new FieldChecks();
  checkAttributes(checks, attributes);
  try {
    checks.done();
    return [];
  } catch (error) {
    return (error as PerennialError).fields.map(({ path }) => path);
  }
};

describe('attributes in the clear', () => {
  it('are those of the allow-list, with values of their kind', () => {
    expect(
      wrong({
        segment: 'B2B <50',
        language: 'de-CH',
        country: 'CH',
        postalArea: '80',
        timeZone: 'Europe/Zurich',
        birthYear: 1980,
        newCustomer: true,
        acquisitionCost: '12.50',
        acquisitionCurrency: 'CHF',
        industry: null,
      }),
    ).toEqual([]);
  });

  it.each<[string, AttributeValue]>([
    ['email', 'jane@example.org'],
    ['constructor', 'x'],
    ['segment', 'x'.repeat(61)],
    ['segment', 'jane@example.org'],
    ['segment', 7],
    ['language', 'German'],
    ['country', 'Germany'],
    ['postalArea', '80331'],
    ['timeZone', 'UTC+1 here'],
    ['birthYear', 1980.5],
    ['birthYear', 19800501],
    ['newCustomer', 'yes'],
    ['acquisitionCost', '-1'],
    ['acquisitionCurrency', 'eur'],
  ])('refuse %s: %p', (key, value) => {
    expect(wrong({ [key]: value })).toEqual([`attributes.${key}`]);
  });
});

describe('an attribute from a file of text', () => {
  it.each<[string, string, AttributeValue]>([
    ['birthYear', '1980', 1980],
    ['birthYear', 'unknown', 'unknown'],
    ['newCustomer', 'Yes', true],
    ['newCustomer', '0', false],
    ['newCustomer', 'perhaps', 'perhaps'],
    ['postalArea', '80', '80'],
    ['companySize', '250', '250'],
    ['acquisitionCost', '12', '12'],
    ['nonsense', '12', '12'],
  ])('takes %s %s for %p', (key, text, value) => {
    expect(attributeFromText(key, text)).toBe(value);
  });
});
