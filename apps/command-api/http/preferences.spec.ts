import { describe, expect, it } from '@jest/globals';
import { MAX_WAIT_SECONDS, preferredWait } from './preferences.js';

describe('the preferred wait', () => {
  it.each([
    ['wait=5', 5],
    ['respond-async, WAIT = "7"', 7],
    ['wait=31', MAX_WAIT_SECONDS],
    ['wait=99999999999', MAX_WAIT_SECONDS],
    [`wait=${'9'.repeat(400)}`, MAX_WAIT_SECONDS],
    ['wait=0', 0],
    ['wait=soon', undefined],
    ['wait=-1', undefined],
    ['wait=1.5', undefined],
    ['return=minimal', undefined],
    [undefined, undefined],
  ])('of %j is %j', (prefer, seconds) => {
    expect(preferredWait({ prefer } as never)).toBe(seconds);
  });
});
