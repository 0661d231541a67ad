import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CachingKeyVault } from '#personal-data/caching-key-vault';
import { MasterKey } from '#personal-data/master-key';
import { openSqliteKeyVault } from '#personal-data/sqlite/key-vault';
import { keyVaultContract, type VaultUnderTest } from './key-vault.contract.js';

const setUp = async (): Promise<VaultUnderTest> => {
  const directory = mkdtempSync(join(tmpdir(), 'perennial-'));
  return {
    open: () =>
      openSqliteKeyVault({
        file: join(directory, 'vault.db'),
        ledgerFile: join(directory, 'erasures.log'),
        masterKey: new MasterKey(Buffer.alloc(32, 1).toString('base64')),
      }),
    tearDown: async () => rmSync(directory, { recursive: true }),
  };
};

keyVaultContract('SQLite', setUp);

// Without age nothing is remembered: with age other connections may see erased keys, as long as is stated.
keyVaultContract('SQLite behind a cache', async () => {
  const { open, tearDown } = await setUp();
  return { open: async () => new CachingKeyVault(await open(), { maxAgeMs: 0 }), tearDown };
});
