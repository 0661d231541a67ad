import { describe, expect, it } from '@jest/globals';
import { Lane } from './lane.js';
import { Rounds } from './rounds.js';

describe('rounds of landing', () => {
  const laneOf = (partition: number) =>
    new Lane(partition, 1, { is: 'landed', next: 0, turn: 0 }, 0, { records: 10, bytes: 1000 });
  const lanes = () => {
    const all = [0, 1, 2].map(laneOf);
    return { all, rounds: new Rounds({ all }) };
  };

  it('let each partition land once, and then all of them gather for three times as long as an insert took', () => {
    const { all, rounds } = lanes();
    let now = 10_000;
    for (let round = 0; round < 10; round++) {
      for (const lane of all.slice(0, 2)) {
        rounds.landed(lane, now, now + 100);
        now += 100;
        expect(lane.notBefore).toBe(now + 1000);
      }
      expect(all[2]!.notBefore).toBeLessThanOrEqual(now);
      rounds.end(now);
      expect(new Set(all.map(({ notBefore }) => notBefore)).size).toBe(1);
      now = Math.max(now, all[0]!.notBefore);
    }
    rounds.landed(all[0]!, now, now + 100);
    rounds.end(now + 100);
    expect(all.map(({ notBefore }) => notBefore)).toEqual([now + 400, now + 400, now + 400]);
  });

  it('keep nobody waiting when there was little to land before', () => {
    const { all, rounds } = lanes();
    rounds.landed(all[0]!, 10_000, 10_100);
    rounds.end(10_100);
    expect(all[1]!.notBefore).toBeLessThanOrEqual(10_100);
  });

  it('put off nobody again and again who waits while another lands full batches', () => {
    const { all, rounds } = lanes();
    const [waiting, busy] = all as [Lane, Lane];
    let now = 10_000;
    for (; now < 15_000; now += 500) {
      rounds.landed(busy, now, now + 250);
      rounds.end(now + 250);
    }
    const record = { offset: 0, line: '{}', checked: true };
    waiting.add({ partition: 0, generation: 1, first: 0, last: 0, records: [record], recordedAt: 0 });
    const came = now;
    for (; now < came + 2_000 && waiting.notBefore > now; now += 500) {
      rounds.landed(busy, now, now + 250);
      rounds.end(now + 250);
    }
    expect(now - came).toBeLessThanOrEqual(1_000);
  });

  it('leave a partition that is held to whoever looks whether it is released', () => {
    const { all, rounds } = lanes();
    const held = all[1]!;
    held.be({ is: 'held', next: 0, turn: 1, by: 'somebody', expired: false });
    held.notBefore = 7;
    rounds.landed(all[0]!, 0, 5000);
    rounds.end(5000);
    expect(all.map(({ notBefore }) => notBefore)).toEqual([6000, 7, 6000]);
  });
});
