import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Lanes } from './lanes.js';

/** Tasks that end when they are told to. */
class Tasks {
  readonly begun: string[] = [];
  private readonly ends = new Map<string, { resolve(): void; reject(error: Error): void }>();

  task(name: string): () => Promise<string> {
    return () => {
      this.begun.push(name);
      return new Promise((resolve, reject) => {
        this.ends.set(name, { resolve: () => resolve(name), reject });
      });
    };
  }

  async end(name: string): Promise<void> {
    this.ends.get(name)?.resolve();
    await settle();
  }

  async fail(name: string): Promise<void> {
    this.ends.get(name)?.reject(new Error(name));
    await settle();
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('lanes', () => {
  it('run side by side, what is in one of them one after the other', async () => {
    const tasks = new Tasks();
    const lanes = new Lanes();
    for (const name of ['a1', 'a2', 'b1']) void lanes.run(name.charAt(0), tasks.task(name));
    await settle();
    expect(tasks.begun).toEqual(['a1', 'b1']);
    await tasks.end('a1');
    expect(tasks.begun).toEqual(['a1', 'b1', 'a2']);
  });

  it('go on after a task that failed, which fails for its own sender alone', async () => {
    const tasks = new Tasks();
    const lanes = new Lanes();
    const failing = lanes.run('a', tasks.task('a1'));
    const next = lanes.run('a', tasks.task('a2'));
    await tasks.fail('a1');
    await expect(failing).rejects.toThrow('a1');
    await tasks.end('a2');
    expect(await next).toBe('a2');
  });

  it('all wait at a barrier, which waits for all', async () => {
    const tasks = new Tasks();
    const lanes = new Lanes();
    void lanes.run('a', tasks.task('a1'));
    void lanes.run('b', tasks.task('b1'));
    void lanes.runAlone(tasks.task('barrier'));
    void lanes.run('a', tasks.task('a2'));
    void lanes.run('c', tasks.task('c1'));
    await tasks.end('a1');
    expect(tasks.begun).toEqual(['a1', 'b1']);
    await tasks.end('b1');
    expect(tasks.begun).toEqual(['a1', 'b1', 'barrier']);
    await tasks.end('barrier');
    expect(tasks.begun.slice(3).sort()).toEqual(['a2', 'c1']);
  });

  it('never run two tasks of one lane at once, or anything beside a barrier, and keep the order', async () => {
    const plan = fc.array(
      fc.record({ lane: fc.constantFrom('a', 'b', 'c', undefined), turns: fc.nat({ max: 4 }) }),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const lanes = new Lanes();
        const running = new Set<string>();
        const ended = new Map<string, number[]>();
        const problems: string[] = [];
        const work = (lane: string | undefined, number: number, turns: number) => async () => {
          if (
            running.has('barrier') ||
            (lane === undefined && running.size > 0) ||
            running.has(lane ?? 'barrier')
          )
            problems.push(`${lane ?? 'barrier'} beside ${[...running]}`);
          running.add(lane ?? 'barrier');
          for (let turn = 0; turn < turns; turn++) await settle();
          running.delete(lane ?? 'barrier');
          ended.set(lane ?? 'barrier', [...(ended.get(lane ?? 'barrier') ?? []), number]);
        };
        await Promise.all(
          steps.map(({ lane, turns }, number) =>
            lane === undefined
              ? lanes.runAlone(work(lane, number, turns))
              : lanes.run(lane, work(lane, number, turns)),
          ),
        );
        expect(problems).toEqual([]);
        for (const numbers of ended.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }),
      { seed: 11, numRuns: 100 },
    );
  });
});
