import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { distinct, distinctPairs } from '#statistics/distinct';

describe('distinct', () => {
  it('codes rows as a map from values would', () => {
    const property = fc.property(
      fc.array(fc.integer({ min: -40, max: 3000 }), { maxLength: 6000 }),
      (values) => {
        const column = Float64Array.from(values, (value) => value / 7);
        const coded = distinct(column);
        expect(coded.size).toBe(new Set(column).size);
        expect([...coded.index].map((code) => column[coded.first[code]!])).toEqual([...column]);
      },
    );
    fc.assert(property, { seed: 11, numRuns: 30 });
  });
  it('codes pairs', () => {
    const a = Float64Array.from([1, 1, 2, 2, 1]);
    const b = Float64Array.from([5, 6, 5, 5, 6]);
    const pairs = distinctPairs(distinct(a), distinct(b));
    expect([...pairs.index]).toEqual([0, 1, 2, 2, 1]);
    expect([...pairs.first]).toEqual([0, 1, 2]);
  });
  it('codes more values than its first table holds', () => {
    const column = Float64Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 25_000);
    expect(distinct(column).size).toBe(25_000);
  });
});
