import { beforeEach, describe, expect, it } from '@jest/globals';
import { Assignments } from './assignments.js';

describe('assignments', () => {
  let assignments: Assignments;
  beforeEach(() => {
    assignments = new Assignments();
    assignments.assign([0, 1]);
    assignments.place(0, 5);
  });

  it('expect batches one after another, from where the partition was placed', () => {
    expect(assignments.fetched(0, 5, 9)).toEqual({ is: 'expected', generation: 1, first: 5 });
    expect(assignments.fetched(0, 10, 10)).toEqual({ is: 'expected', generation: 1, first: 10 });
  });

  it('ask for nothing of a partition that is not placed, or is not ours', () => {
    expect(assignments.fetched(1, 0, 9)).toEqual({ is: 'unasked' });
    expect(assignments.fetched(2, 0, 9)).toEqual({ is: 'unasked' });
  });

  it.each([
    ['before', 4],
    ['behind', 6],
  ])(
    'notice a batch that begins %s where it should, and take nothing until the partition is placed again',
    (_, first) => {
      expect(assignments.fetched(0, first, 9)).toEqual({ is: 'astray', generation: 1, first: 5, times: 1 });
      expect(assignments.fetched(0, 5, 9)).toEqual({ is: 'unasked' });
      assignments.place(0, 5);
      expect(assignments.fetched(0, first, 9)).toMatchObject({ is: 'astray', times: 2 });
      assignments.place(0, 5);
      expect(assignments.fetched(0, 5, 9)).toMatchObject({ is: 'expected' });
      expect(assignments.fetched(0, first, 9)).toMatchObject({ is: 'astray', first: 10, times: 1 });
    },
  );

  it('take what is there of a compacted topic, but nothing twice', () => {
    expect(assignments.fetched(0, undefined, 20)).toEqual({ is: 'expected', generation: 1, first: 5 });
    expect(assignments.fetched(0, undefined, 20)).toMatchObject({ is: 'astray' });
  });

  it('begin anew with every assignment, also of a partition that was ours', () => {
    assignments.assign([0]);
    expect(assignments.current).toEqual({ generation: 2, partitions: [0] });
    expect([assignments.has(0, 1), assignments.has(0, 2), assignments.has(1, 2)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(assignments.fetched(0, 5, 9)).toEqual({ is: 'unasked' });
    assignments.place(1, 0);
    expect(assignments.isPlaced(1)).toBe(false);
  });
});
