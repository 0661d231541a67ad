import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PerennialError } from '#eventing/errors';
import { masterKeyFromFile } from './master-key-file.js';

describe('the master key of an installation that configures none', () => {
  let folder: string;
  let file: string;
  let vault: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    file = join(folder, 'master.key');
    vault = join(folder, 'vault.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is made once, for its owner only, and read from then on', () => {
    const { base64, made } = masterKeyFromFile(file, vault);
    expect(made).toBe(true);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    writeFileSync(vault, '');
    expect(masterKeyFromFile(file, vault)).toEqual({ base64, made: false });
  });

  it('is not made for a vault that has another, which is said in words', () => {
    writeFileSync(vault, '');
    const read = () => masterKeyFromFile(file, vault);
    expect(read).toThrow(PerennialError);
    expect(read).toThrow(expect.objectContaining({ code: 'master-key-missing' }));
    expect(read).toThrow(/its master key is not: neither PERENNIAL_MASTER_KEY nor .*--master-key/);
    expect(existsSync(file)).toBe(false);
  });
});
