import { describe, expect, it } from '@jest/globals';
import { normaliseEmail, normalisePhone } from '#personal-data/look-up';

describe('what customers are found by', () => {
  it.each([
    [' Ada@Example.ORG\n', 'ada@example.org'],
    ['zoe\u0308@example.org', 'zo\u00eb@example.org'],
    ['a.d.a+shop@gmail.com', 'a.d.a+shop@gmail.com'],
  ])('the e-mail address %j is %j', (email, normal) => expect(normaliseEmail(email)).toBe(normal));

  it.each([
    ['+49 30 123456', 'US', '+4930123456'],
    ['030 / 12 34 56', 'DE', '+4930123456'],
    ['(212) 555-0100', 'US', '+12125550100'],
    ['００１', 'US', undefined],
    ['+1 212 555 0100', 'DE', '+12125550100'],
    ['ask for Ada', 'US', undefined],
    ['12', 'US', undefined],
    ['', 'US', undefined],
  ])('the telephone number %j dialled in %s is %j', (phone, region, normal) =>
    expect(normalisePhone(phone, region)).toBe(normal),
  );
});
