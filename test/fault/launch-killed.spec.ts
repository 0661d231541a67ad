import { describe, expect, it } from '@jest/globals';
import { AudienceChecksum } from '#crm/campaign/audience-checksum';
import { newFolder, removeFolder } from '#test/support/process-stores';
import { runTs } from '#test/support/run-ts';

const SIZE = 12_000;
/** What the process says last before it is killed; each time it comes a little further. */
const MOMENTS = [
  /^ready/,
  /^launched/,
  /^merged/,
  /^finding-audience/,
  /^assigning 0/,
  /^assigning [1-4]/,
  /^assigning/,
];

describe('a process that is killed while it launches a campaign', () => {
  it('goes on where it was, and assigns everybody once', async () => {
    const folder = newFolder();
    try {
      for (const moment of MOMENTS) {
        const child = runTs('test/fault/launch-killed.child.ts', [folder, String(SIZE)]);
        // It may be through with a moment before it can be told; then it is killed at a later one.
        await Promise.race([child.waitForLine(moment, { timeoutMs: 60_000 }), child.waitForLine(/^frozen/)]);
        await child.kill('SIGKILL');
      }
      const last = runTs('test/fault/launch-killed.child.ts', [folder, String(SIZE)]);
      const line = await last.waitForLine(/^result/, { timeoutMs: 90_000 });
      await last.finished();
      const audience = AudienceChecksum.of(Array.from({ length: SIZE }, (_, i) => `c-${i}`));
      expect(JSON.parse(line.slice('result '.length))).toEqual({
        members: audience,
        landed: audience,
        frozen: [{ campaignId: 'killed', ...audience }],
        erased: [true, true],
      });
    } finally {
      removeFolder(folder);
    }
  }, 300_000);
});
