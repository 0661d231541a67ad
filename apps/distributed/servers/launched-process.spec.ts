import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

  it('tells what it has written itself, not what others have written to its log before', async () => {
    const shared = join(folder, 'shared');
    writeFileSync(shared, 'port 3000 is taken\n'.repeat(1_000));
    const one = await launch('sh', ['-c', 'echo my key is missing'], { log: shared });
    await one.exited;
    expect(one.endOfLog()).toBe('my key is missing\n');
    const talker = await launch('sh', ['-c', 'yes talk | head -c 10000'], { log: shared });
    await talker.exited;
    expect(talker.endOfLog()).toMatch(/^(?:talk\n){800}$/);
  });

  it('that cannot be found is told at once', async () => {
    await expect(launch(join(folder, 'nothing'), [], { log })).rejects.toThrow(/ENOENT/);
  });
});
