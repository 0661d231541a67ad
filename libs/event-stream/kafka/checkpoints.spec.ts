import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Checkpoints } from './checkpoints.js';

const offsets = (...next: number[]) => new Map(next.map((offset, partition) => [partition, offset]));

describe('checkpoints', () => {
  it('lead from offsets to the last position of which every partition has all', () => {
    const checkpoints = new Checkpoints();
    checkpoints.add({ position: 3, next: offsets(4) });
    checkpoints.add({ position: 9, next: offsets(6, 3) });
    checkpoints.add({ position: 12, next: offsets(9, 3) });
    expect(checkpoints.positionBelow(new Map())).toBe(-1);
    expect(checkpoints.positionBelow(offsets(3, 99))).toBe(-1);
    expect(checkpoints.positionBelow(offsets(4))).toBe(3);
    expect(checkpoints.positionBelow(offsets(99, 2))).toBe(3);
    expect(checkpoints.positionBelow(offsets(8, 3))).toBe(9);
    expect(checkpoints.positionBelow(offsets(9, 3))).toBe(12);
  });

  it('take the later of two at one position, and begin anew when a relay does', () => {
    const checkpoints = new Checkpoints();
    checkpoints.add({ position: 3, next: offsets(4) });
    checkpoints.add({ position: 3, next: offsets(4, 0) });
    checkpoints.add({ position: 8, next: offsets(9, 0) });
    checkpoints.add({ position: 1, next: offsets(2, 0) });
    expect(checkpoints.positionBelow(offsets(9, 9))).toBe(1);
  });

  it('are bounded, never say too much, and nothing too little of the newest', () => {
    const steps = fc.array(fc.record({ partition: fc.nat(2), events: fc.integer({ min: 1, max: 5 }) }), {
      minLength: 1,
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, fc.array(fc.nat(200), { minLength: 3, maxLength: 3 }), (written, landed) => {
        const most = 16;
        const checkpoints = new Checkpoints(most);
        const all: { position: number; next: Map<number, number> }[] = [];
        const next = [0, 0, 0];
        let position = -1;
        for (const { partition, events } of written) {
          next[partition]! += events;
          position += events;
          all.push({ position, next: offsets(...next) });
          checkpoints.add(all.at(-1)!);
        }
        const below = (at: readonly { position: number; next: Map<number, number> }[]) =>
          at.filter((each) => [...each.next].every(([partition, offset]) => offset <= landed[partition]!));
        const said = checkpoints.positionBelow(offsets(...landed));
        expect(said).toBeLessThanOrEqual(below(all).at(-1)?.position ?? -1);
        const newest = below(all.slice(-most / 2)).at(-1)?.position;
        if (newest !== undefined) expect(said).toBe(newest);
      }),
      { seed: 1, numRuns: 500 },
    );
  });
});
