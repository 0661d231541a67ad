import { describe, expect, it } from '@jest/globals';
import { StreamAge } from './stream-age.js';

const high = (...highs: number[]) => new Map(highs.map((value, partition) => [partition, { high: value }]));
const next = (...offsets: number[]) => new Map(offsets.map((value, partition) => [partition, value]));

describe('the age of what waits', () => {
  it('is that of the oldest offset that is not below those given, over all partitions', () => {
    const age = new StreamAge();
    age.see(high(5, 0), 100);
    age.see(high(9, 2), 200);
    age.see(high(9, 7), 300);
    expect(age.behindSince(next())).toBe(100);
    expect(age.behindSince(next(5, 0))).toBe(200);
    expect(age.behindSince(next(9, 2))).toBe(300);
    expect(age.behindSince(next(9, 7))).toBeUndefined();
    age.see(high(9, 7), 400);
    expect(age.behindSince(next(9, 7))).toBeUndefined();
    age.see(high(10, 7), 500);
    expect(age.behindSince(next(9, 7))).toBe(500);
  });

  it('is never told too young, and remembered in bounded memory', () => {
    const age = new StreamAge();
    for (let at = 0; at < 100_000; at++) age.see(high(at + 1), at);
    for (const landed of [0, 1000, 50_000, 99_999])
      expect(age.behindSince(next(landed))).toBeLessThanOrEqual(landed);
    expect(
      JSON.stringify([...(age as unknown as { seen: Map<number, unknown[]> }).seen]).length,
    ).toBeLessThan(10_000);
  });
});
