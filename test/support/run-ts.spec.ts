import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { runTs } from '#test/support/run-ts';

const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('runTs', () => {
  it('runs a file of the repository with its subpath imports and decorators', async () => {
    const child = runTs('test/support/run-ts.child.ts', ['Anna']);
    expect(await child.waitForLine(/^ready/)).toBe('ready customer-Anna');
    child.send('hello');
    expect(await child.waitForLine(/^echo/)).toBe('echo hello');
    child.send('end');
    await child.finished();
  });
  it('kills it and says so', async () => {
    const child = runTs('test/support/run-ts.child.ts', ['Anna']);
    await child.waitForLine(/^ready/);
    expect(await child.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    await expect(child.waitForLine(/never/)).rejects.toThrow('ended before');
  });
  it('shows where a child failed, in terms of the source', async () => {
    const script = join(folder, 'fails.ts');
    writeFileSync(script, 'interface A {\n  a: string;\n}\n\nthrow new Error({ a: "bad" } as A as never);\n');
    await expect(runTs(script).finished()).rejects.toThrow(/fails\.ts:5/);
  });
});
