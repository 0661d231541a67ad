import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { until } from '#test/support/process-stores';
import { runTs } from '#test/support/run-ts';
import { launch } from './launched-process.js';
import { untilGone } from './process-family.js';

const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
const log = join(folder, 'log');

afterAll(() => rmSync(folder, { recursive: true }));

describe('a launched process', () => {
  it('ends with the process that launched it, when that one is killed', async () => {
    const parent = runTs('test/support/servers/launched-process.child.ts', [log]);
    const pid = Number(/launched (\d+)/.exec(await parent.waitForLine(/launched/))?.[1]);
    expect(process.kill(pid, 0)).toBe(true);
    await parent.kill('SIGKILL');
    await untilGone([pid], 10_000);
  });

  it('is killed when it does not end in time, also while it is stopped', async () => {
    const deaf = await launch('sh', ['-c', 'trap "" TERM; echo deaf; while :; do sleep 0.01; done'], { log });
    await until('it is deaf', () => readFileSync(log, 'utf8').includes('deaf'));
    deaf.signal('SIGSTOP');
    expect(await deaf.end('SIGTERM', 300)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('that cannot be found is told at once', async () => {
    await expect(launch(join(folder, 'nothing'), [], { log })).rejects.toThrow(/ENOENT/);
  });
});
