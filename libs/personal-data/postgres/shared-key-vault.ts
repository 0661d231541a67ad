import type { Postgres } from '#postgres/postgres';
import { CachingKeyVault, type KeyCacheOptions } from '../caching-key-vault.js';
import type { KeyVault } from '../key-vault.js';
import { MasterKey } from '../master-key.js';
import { openPostgresKeyVault } from './key-vault.js';

export interface SharedKeyVaultOptions {
  readonly postgres: Postgres;
  /** 32 bytes in base64, the same for every process. */
  readonly masterKey: string;
  readonly cache?: KeyCacheOptions;
}

/**
 * The key vault of an installation of several processes, with a cache in front. What another process erases is
 * forgotten at once; while PostgreSQL cannot tell us, after the cache's `maxAgeMs`.
 * @throws WrongMasterKey before anything is changed, DatabaseUnavailable
 */
export const openSharedKeyVault = async ({
  postgres,
  masterKey,
  cache,
}: SharedKeyVaultOptions): Promise<KeyVault> => {
  const vault = await openPostgresKeyVault({ postgres, masterKey: new MasterKey(masterKey) });
  const caching = new CachingKeyVault(vault, cache);
  await vault.tellOfErasures(caching);
  return caching;
};
