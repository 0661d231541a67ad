import { CachingKeyVault } from '#personal-data/caching-key-vault';
import { MasterKey } from '#personal-data/master-key';
import { openPostgresKeyVault } from '#personal-data/postgres/key-vault';
import { describeWithPostgres } from '#test/support/servers/postgres';
import { testPostgres } from '#test/support/test-postgres';
import { keyVaultContract, type VaultUnderTest } from './key-vault.contract.js';

describeWithPostgres('with PostgreSQL', () => {
  const database = testPostgres();
  const setUp = async (): Promise<VaultUnderTest> => ({
    open: async () =>
      openPostgresKeyVault({
        postgres: await database.open(),
        masterKey: new MasterKey(Buffer.alloc(32, 1).toString('base64')),
      }),
    tearDown: () => database.clear(),
  });

  keyVaultContract('PostgreSQL', setUp);

  // Without age nothing is remembered: with age other connections may see erased keys, as long as is stated.
  keyVaultContract('PostgreSQL behind a cache', async () => {
    const { open, tearDown } = await setUp();
    return { open: async () => new CachingKeyVault(await open(), { maxAgeMs: 0 }), tearDown };
  });
});
