import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { runTs } from '#test/support/run-ts';
import { closeInTime } from './close-in-time.js';

const TIMEOUT_MS = 60_000;

describe('closing in time', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it(
    'ends a process that does not, also when a query runs in it',
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
      const child = runTs('test/fault/close-in-time.child.ts', [dir, '200']);
      const giveUp = setTimeout(() => child.child.kill('SIGTERM'), TIMEOUT_MS / 2);
      try {
        await child.waitForLine(/^closes$/, { timeoutMs: TIMEOUT_MS / 2 });
        expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' });
        expect(child.stderr).toContain('Did not close in time');
      } finally {
        clearTimeout(giveUp);
        await child.kill();
        rmSync(dir, { recursive: true });
      }
    },
    TIMEOUT_MS,
  );

  it('lets one that does go on, and tells why one could not', async () => {
    jest.useFakeTimers();
    const log = { error: jest.fn() };
    await closeInTime(async () => {}, log);
    const failure = new Error('the disk is gone');
    await expect(closeInTime(() => Promise.reject(failure), log)).rejects.toThrow(failure);
    // Otherwise this process would be ended later.
    expect(jest.getTimerCount()).toBe(0);
  });
});
