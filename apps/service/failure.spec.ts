import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { WrongMasterKey } from '#personal-data/master-key';
import { describeFailure } from './failure.js';

const failureOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe('why a program ended', () => {
  it('is told in words where the person at the terminal can do something about it', async () => {
    expect(describeFailure(new WrongMasterKey())).toMatch(/^The key vault was made under another master key/);
    const inTheWay = failureOf(() => mkdirSync(fileURLToPath(import.meta.url), { recursive: true }));
    expect(describeFailure(inTheWay)).toMatch(/^EEXIST: .*failure\.spec\.ts'$/);
  });
  it('names a port that is taken', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => first.once('listening', resolve));
    const { port } = first.address() as { port: number };
    const second = createServer().listen(port, '127.0.0.1');
    const error = await new Promise((resolve) => second.once('error', resolve));
    expect(describeFailure(error)).toBe(
      `Port ${port} is taken: choose another with --port, or 0 for any free one.`,
    );
    await new Promise((resolve) => first.close(resolve));
  });
  it('is a stack where the fault is in the program', () => {
    expect(describeFailure(new TypeError('x is not a function'))).toMatch(/failure\.spec\.ts:\d+/);
  });
});
