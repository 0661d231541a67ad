import { describe, expect, it } from '@jest/globals';
import { murmurHash } from './murmur-hash.js';

describe('murmurHash', () => {
  // What ClickHouse's murmurHash3_32 answers.
  it.each([
    ['', 0],
    ['a', 1009084850],
    ['ab', 2613040991],
    ['abc', 3017643002],
    ['abcd', 1139631978],
    ['Hello, world!', 3224780355],
    ['Zoë', 2255564058],
    ['日本語', 2779017879],
  ])('of %p', (text, hash) => {
    expect(murmurHash(text)).toBe(hash);
  });
});
