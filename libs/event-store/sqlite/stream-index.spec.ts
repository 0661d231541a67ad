import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CHUNK_SIZE, SEGMENT_SIZE, StreamIndex, streamHash } from '#event-store/sqlite/stream-index';

/** What the index must answer, from a plain list. */
const positionsIn = (hashes: readonly number[], hash: number): number[] =>
  hashes.flatMap((each, i) => (each === hash ? [i + 1] : []));

const indexOf = (hashes: readonly number[]): StreamIndex => {
  const index = new StreamIndex();
  for (const hash of hashes) index.add(hash);
  return index;
};

describe('StreamIndex', () => {
  // Few hashes, of which several share a bucket.
  const hash = fc.constantFrom(1, 2, 0x10001, 0x20001, 0xffffffff, 0xffff);
  const hashes = fc.array(hash, { maxLength: 200 });

  it('finds the positions of a hash in their order, and no others', () => {
    fc.assert(
      fc.property(hashes, hash, (added, asked) => {
        expect(indexOf(added).positions(asked)).toEqual(positionsIn(added, asked));
      }),
      { seed: 1 },
    );
  });

  it('offers the latest first, until one is taken', () => {
    const index = indexOf([1, 2, 1, 1]);
    const offered: number[] = [];
    expect(index.latest(1, (position) => offered.push(position) === 2)).toBe(3);
    expect(offered).toEqual([4, 3]);
    expect(index.latest(1, () => false)).toBe(0);
    expect(index.latest(7, () => true)).toBe(0);
  });

  it('forgets what was added after a position, as if it had never been there', () => {
    fc.assert(
      fc.property(hashes, hashes, hashes, hash, (kept, dropped, after, asked) => {
        const index = indexOf([...kept, ...dropped]);
        index.truncate(kept.length);
        for (const each of after) index.add(each);
        expect(index.head).toBe(kept.length + after.length);
        expect(index.positions(asked)).toEqual(positionsIn([...kept, ...after], asked));
      }),
      { seed: 2 },
    );
  });

  it('goes over from segment to segment, and back', () => {
    const count = 2 * SEGMENT_SIZE + 10;
    const added = Array.from({ length: count }, (_, i) => (i % 100_000 === 0 ? 42 : i));
    const index = indexOf(added);
    expect(index.complete).toBe(32);
    expect(index.positions(42)).toEqual(positionsIn(added, 42));
    index.truncate(SEGMENT_SIZE);
    expect(index.complete).toBe(16);
    expect(index.positions(42)).toEqual(positionsIn(added.slice(0, SEGMENT_SIZE), 42));
    for (const each of added.slice(SEGMENT_SIZE)) index.add(each);
    expect(index.positions(42)).toEqual(positionsIn(added, 42));
  });

  it('is the same when its complete chunks come from a file', () => {
    const added = Array.from({ length: 2 * CHUNK_SIZE + 3 }, (_, i) => streamHash(`stream-${i % 5_000}`));
    const index = indexOf(added);
    expect(index.complete).toBe(2);
    const loaded = new StreamIndex();
    for (const chunk of [0, 1]) loaded.load(Buffer.from(index.save(chunk)));
    for (const each of added.slice(2 * CHUNK_SIZE)) loaded.add(each);
    const asked = streamHash('stream-1');
    expect(loaded.head).toBe(index.head);
    expect(loaded.positions(asked)).toEqual(index.positions(asked));
  });
});

describe('streamHash', () => {
  it('stays what it was: files hold it', () => {
    expect([streamHash(''), streamHash('customer-1'), streamHash('purchase-żółć-😀')]).toEqual([
      2872998923, 3902211816, 2303535177,
    ]);
  });

  it('spreads names that differ by little', () => {
    const names = Array.from({ length: 100_000 }, (_, i) => `customer-${i}`);
    const buckets = new Set(names.map((name) => streamHash(name) & 0xffff));
    // Of 65,536 buckets a perfect hash leaves a share of e^(-100000/65536) empty: 22 %.
    expect(buckets.size / 65_536).toBeGreaterThan(0.77);
  });
});
