import { describe, expect, it } from '@jest/globals';
import { sameContent } from '#eventing/same-content';

describe('sameContent', () => {
  it('takes an absent field and an undefined one for the same', () => {
    expect(sameContent({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  });
  it('sees a difference at any depth', () => {
    expect(sameContent({ lines: [{ sku: 'a' }] }, { lines: [{ sku: 'b' }] })).toBe(false);
    expect(sameContent({ lines: [] }, { lines: {} })).toBe(false);
    expect(sameContent({ a: null }, {})).toBe(false);
  });
  it('compares sealed values by fingerprint', () => {
    expect(sameContent({ name: 'sealed.1.k.1.fp.aaa' }, { name: 'sealed.1.k.1.fp.bbb' })).toBe(true);
    expect(sameContent({ name: 'sealed.1.k.1.fp.aaa' }, { name: 'sealed.1.k.1.other.aaa' })).toBe(false);
  });
});
