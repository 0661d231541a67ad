import { describe, expect, it } from '@jest/globals';
import { AudienceChecksum } from './audience-checksum.js';

const { of } = AudienceChecksum;

describe('AudienceChecksum', () => {
  it('of nobody', () => {
    expect(of([])).toEqual({ count: 0, checksum: '0000000000000000' });
  });
  it('does not depend on the order', () => {
    expect(of(['a', 'b', 'c'])).toEqual(of(['c', 'a', 'b']));
  });
  it('tells audiences apart, also where one is there twice or ids are cut otherwise', () => {
    const audiences = [['a'], ['b'], ['a', 'b'], ['a', 'a'], ['b', 'b'], ['ab'], ['a', 'b', 'b'], []];
    expect(new Set(audiences.map((ids) => of(ids).checksum)).size).toBe(audiences.length);
  });
  it('goes on where it stopped', () => {
    const all = Array.from({ length: 1000 }, (_, i) => `c-${i}`);
    const rest = AudienceChecksum.resume(of(all.slice(0, 400)));
    for (const id of all.slice(400)) rest.add(id);
    expect({ count: rest.count, checksum: rest.checksum }).toEqual(of(all));
  });
});
