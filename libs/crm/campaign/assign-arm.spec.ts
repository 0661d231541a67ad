import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { assignArm, assignmentTo, CONTROL } from './assign-arm.js';
import type { Arm } from './campaign-types.js';

const thirds: readonly Arm[] = [
  { name: 'a', share: 1 / 3 },
  { name: 'b', share: 1 / 3 },
  { name: 'c', share: 1 / 3 },
];
const halves: readonly Arm[] = [
  { name: 'mens', share: 0.5 },
  { name: 'womens', share: 0.5 },
];

const ids = (count: number, kind: (i: number) => string) => Array.from({ length: count }, (_, i) => kind(i));

const chiSquare = (counts: readonly number[], expected: readonly number[]): number =>
  counts.reduce((sum, count, i) => sum + (count - expected[i]!) ** 2 / expected[i]!, 0);

/** Quantiles of the chi-square distribution at .9999, by degrees of freedom. */
const UNLIKELY: Readonly<Record<number, number>> = { 3: 21.11, 99: 161.3 };

describe('assignArm', () => {
  it.each([
    ['running numbers', (i: number) => String(i)],
    ['padded numbers', (i: number) => `CUST-${String(i).padStart(8, '0')}`],
    ['long ids that differ at the front', (i: number) => `${i}:${'x'.repeat(60)}`],
    ['ids beyond ASCII', (i: number) => `Kundin-Ä-${i}`],
  ])('gives every arm its share of %s', (_, kind) => {
    const counts = new Map<string, number>();
    for (const id of ids(100_000, kind)) {
      const { arm } = assignArm('a salt', id, thirds, 0.1);
      counts.set(arm, (counts.get(arm) ?? 0) + 1);
    }
    const seen = [CONTROL, 'a', 'b', 'c'].map((arm) => counts.get(arm) ?? 0);
    expect(chiSquare(seen, [10_000, 30_000, 30_000, 30_000])).toBeLessThan(UNLIKELY[3]!);
  });

  it('draws uniformly over the whole range', () => {
    const hundredths = Array.from({ length: 100 }, (_, i) => ({ name: `arm ${i}`, share: 0.01 }));
    const counts = new Map(hundredths.map(({ name }) => [name, 0]));
    for (const id of ids(200_000, (i) => `c-${i}`)) {
      const { arm } = assignArm('salt', id, hundredths, 0);
      counts.set(arm, (counts.get(arm) ?? 0) + 1);
    }
    expect(chiSquare([...counts.values()], Array(100).fill(2000))).toBeLessThan(UNLIKELY[99]!);
  });

  it('is independent between campaigns, also of similar salts', () => {
    const both = ids(100_000, (i) => `c-${i}`).filter(
      (id) =>
        assignArm('spring-1', id, halves, 0.1).heldOut && assignArm('spring-2', id, halves, 0.1).heldOut,
    ).length;
    // Binomial(100,000, .01): the standard deviation is 31.5.
    expect(Math.abs(both - 1000)).toBeLessThan(4 * 31.5);
  });

  it('says with which probability', () => {
    const seen = new Map<string, number>();
    for (const id of ids(1000, String)) {
      const { arm, probability, heldOut } = assignArm('s', id, halves, 0.2);
      expect(heldOut).toBe(arm === CONTROL);
      seen.set(arm, probability);
    }
    expect(Object.fromEntries(seen)).toEqual({ [CONTROL]: 0.2, mens: 0.4, womens: 0.4 });
  });

  it('never changes', () => {
    const arms = ['c-1', 'c-2', 'c-3', 'c-4', 'c-5', 'c-6'].map(
      (id) => assignArm('salt', id, halves, 0.3).arm,
    );
    expect(arms).toEqual(['mens', 'womens', 'control', 'womens', 'womens', 'womens']);
  });

  it('always comes to an arm, and holds nobody out without a hold-out', () => {
    const property = fc.property(fc.string(), fc.string(), (salt, id) => {
      expect(['a', 'b', 'c']).toContain(assignArm(salt, id, thirds, 0).arm);
    });
    fc.assert(property, { seed: 1, numRuns: 1000 });
  });
});

describe('assignmentTo', () => {
  it('takes arms of the plan only', () => {
    expect(assignmentTo('mens', halves, 0.2)).toEqual({ arm: 'mens', probability: 0.4, heldOut: false });
    expect(assignmentTo(CONTROL, halves, 0.2)).toEqual({ arm: CONTROL, probability: 0.2, heldOut: true });
    expect(assignmentTo('kids', halves, 0.2)).toBeUndefined();
  });
});
