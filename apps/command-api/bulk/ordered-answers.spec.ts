import { describe, expect, it } from '@jest/globals';
import { OrderedAnswers } from './ordered-answers.js';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const all = async (answers: OrderedAnswers): Promise<string> => {
  let text = '';
  for await (const chunk of answers) text += chunk;
  return text;
};

describe('answers', () => {
  it('come in the order in which they were asked for', async () => {
    const answers = new OrderedAnswers(8);
    const done: ((line: string) => void)[] = [];
    for (let i = 0; i < 3; i++) answers.add(new Promise((resolve) => done.push(resolve)));
    answers.end();
    const text = all(answers);
    for (const i of [2, 0, 1]) {
      done[i]?.(`${i}\n`);
      await settle();
    }
    expect(await text).toBe('0\n1\n2\n');
  });
  it('make room only when one is done', async () => {
    const answers = new OrderedAnswers(2);
    let done: ((line: string) => void) | undefined;
    answers.add(new Promise((resolve) => (done = resolve)));
    expect(answers.isFull()).toBe(false);
    answers.add(new Promise(() => {}));
    expect(answers.isFull()).toBe(true);
    const room = answers.room();
    done?.('a\n');
    expect(await room).toBe(true);
    expect(answers.isFull()).toBe(false);
  });
  it('make no room for many that wait behind a slow one', async () => {
    const answers = new OrderedAnswers(2, 3);
    answers.add(new Promise(() => {}));
    for (let i = 0; i < 2; i++) {
      answers.add(Promise.resolve('x\n'));
      await settle();
    }
    expect(answers.isFull()).toBe(true);
  });
  it('are kept for a reader who reads late, without end only up to a bound', async () => {
    const answers = new OrderedAnswers(64);
    const megabyte = 'x'.repeat(1024 * 1024);
    let added = 0;
    while (added < 64 && !answers.isFull()) {
      answers.add(Promise.resolve(megabyte));
      added += 1;
      await settle();
      await settle();
    }
    expect(added).toBeGreaterThan(10);
    expect(added).toBeLessThan(64);
    answers.end();
    expect((await all(answers)).length).toBe(added * megabyte.length);
  });
  it('tell whoever adds more when nobody listens any longer', async () => {
    const answers = new OrderedAnswers(1);
    answers.add(new Promise(() => {}));
    const room = answers.room();
    answers.destroy();
    expect(await room).toBe(false);
  });
});
