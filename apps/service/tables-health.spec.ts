import { describe, expect, it } from '@jest/globals';
import { laidAsideCount, tablesHealth } from './tables-health.js';

/** What is asked, to be answered when the test says so. */
class Questions {
  readonly open: { answer(parts: number): void; fail(): void }[] = [];
  readonly warehouse = {
    rows: <Row>() =>
      new Promise<Row[]>((resolve, reject) =>
        this.open.push({
          answer: (parts) => resolve(Array.from({ length: parts }, () => ({ table: 'events' }) as Row)),
          fail: () => reject(new Error('away')),
        }),
      ),
  };
}

const answered = () => new Promise(setImmediate);

describe('parts that were laid aside', () => {
  it('are told as the warehouse said last, and whoever asks does not wait', async () => {
    const { open, warehouse } = new Questions();
    const count = laidAsideCount(warehouse, -1); // asks again as soon as it is answered
    expect([count(), count()]).toEqual([undefined, undefined]);
    expect(open).toHaveLength(1);
    open[0]!.answer(2);
    await answered();
    expect([count(), count()]).toEqual([2, 2]);
    expect(open).toHaveLength(2);
    open[1]!.fail();
    await answered();
    expect(count()).toBe(2);
    open[2]!.answer(0);
    await answered();
    expect(count()).toBe(0);
  });

  it('are asked for only now and then', async () => {
    const { open, warehouse } = new Questions();
    const count = laidAsideCount(warehouse, 60_000);
    count();
    open[0]!.answer(1);
    await answered();
    expect(count()).toBe(1);
    expect(open).toHaveLength(1);
  });

  it('do not make a process unready', () => {
    expect(tablesHealth(undefined)).toEqual({ ready: true });
    expect(tablesHealth(0)).toEqual({ ready: true });
    expect(tablesHealth(3)).toEqual({
      ready: true,
      degraded: expect.stringMatching(/^3 parts .*perennial verify/),
    });
  });
});
