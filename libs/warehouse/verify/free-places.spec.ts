import { describe, expect, it } from '@jest/globals';
import { NoPlace, withPlaces } from './free-places.js';

const lost = (position: number) => ({ position, offset: undefined });

describe('places for events whose offsets are lost', () => {
  const offsets = (...args: Parameters<typeof withPlaces>) => withPlaces(...args).map(({ offset }) => offset);

  it('are the first free ones after the event before', () => {
    expect(offsets(0, [lost(1), lost(2), lost(5)], { above: 9, below: 20 })).toEqual([10, 11, 12]);
    expect(offsets(0, [lost(1)], { above: -1, below: 1 })).toEqual([0]);
    expect(offsets(0, [], { above: 3, below: 4 })).toEqual([]);
  });

  it('keep the order among those that are known, and leave out what something else has', () => {
    const events = [lost(1), { position: 2, offset: 15 }, lost(3), lost(4)];
    expect(offsets(0, events, { above: 9, below: 20 }, new Set([10, 15, 17]))).toEqual([11, 15, 16, 18]);
  });

  it('are not made up where there are too few', () => {
    expect(() => offsets(2, [lost(7), lost(8)], { above: 4, below: 6 })).toThrow(NoPlace);
    expect(() => offsets(2, [lost(7), { position: 8, offset: 5 }], { above: 4, below: 9 })).toThrow(
      /Partition 2 .* position 8 between the offsets 4 and 9/,
    );
    expect(() => offsets(2, [lost(7)], { above: 4, below: 6 }, new Set([5]))).toThrow(NoPlace);
  });
});
