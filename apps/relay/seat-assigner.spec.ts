import { describe, expect, it } from '@jest/globals';
import { AssignerProtocol, type Cluster } from 'kafkajs';
import { seatAssigner } from './seat-assigner.js';

const assigner = (claim: number) =>
  seatAssigner('t', () => claim)({ cluster: {} as Cluster, groupId: 'g', logger: {} as never });

const holders = async (claims: Readonly<Record<string, number>>): Promise<string[]> => {
  const members = Object.entries(claims).map(([memberId, claim]) => ({
    memberId,
    memberMetadata: assigner(claim).protocol({ topics: ['t'] }).metadata,
  }));
  const assignments = await assigner(-1).assign({ members, topics: ['t'] });
  expect(assignments.map(({ memberId }) => memberId)).toEqual(Object.keys(claims));
  return assignments
    .filter(({ memberAssignment }) => {
      const { assignment } = AssignerProtocol.MemberAssignment.decode(memberAssignment)!;
      return assignment.t?.includes(0);
    })
    .map(({ memberId }) => memberId);
};

describe('the seat of the relays', () => {
  it.each([
    ['the only one', { a: -1 }, 'a'],
    ['one of those who never wrote', { b: -1, a: -1 }, 'a'],
    ['the one that writes, not one that came', { a: -1, b: 17 }, 'b'],
    ['the one that wrote last, not one that woke up', { a: 9, b: 17, c: -1 }, 'b'],
  ])('goes to %s', async (_, claims, holder) => expect(await holders(claims)).toEqual([holder]));
});
