import { describe, expect, it } from '@jest/globals';
import { Pace } from './pace.js';

describe('a pace', () => {
  const options = { share: 3, longestRestMs: 1000, savedMs: 500 };

  it('gives no rest to who had nothing to do before', () => {
    const pace = new Pace(options);
    expect(pace.worked(10_000, 10_100)).toBeLessThanOrEqual(10_100);
    expect(pace.worked(10_700, 10_800)).toBeLessThanOrEqual(10_800);
  });

  it('rests as many times as long as the work takes, when there is always some', () => {
    const pace = new Pace(options);
    let now = 0;
    for (let turn = 0; turn < 20; turn++) now = Math.max(now + 100, pace.worked(now, now + 100));
    expect(pace.worked(now, now + 100)).toBe(now + 400);
  });

  it('counts one piece of several for the rest', () => {
    const pace = new Pace({ ...options, savedMs: 0 });
    expect(pace.worked(0, 400, 100)).toBe(700);
  });

  it('rests no longer than it may', () => {
    const pace = new Pace(options);
    expect(pace.worked(0, 5000)).toBe(6000);
  });
});
