import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { fileHolds } from '#personal-data/sqlite/residue';

it('finds bytes wherever they stand in a large file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'perennial-'));
  const file = join(directory, 'large');
  const needle = Buffer.from('what should be gone');
  const size = 9 * 2 ** 20;
  for (const at of [0, 4 * 2 ** 20 - 5, 8 * 2 ** 20 - needle.length, size - needle.length]) {
    const bytes = Buffer.alloc(size);
    needle.copy(bytes, at);
    writeFileSync(file, bytes);
    expect(await fileHolds(file, [Buffer.from('absent'), needle])).toBe(true);
  }
  writeFileSync(file, Buffer.alloc(size));
  expect(await fileHolds(file, [needle])).toBe(false);
  expect(await fileHolds(file, [])).toBe(false);
  rmSync(directory, { recursive: true });
});
