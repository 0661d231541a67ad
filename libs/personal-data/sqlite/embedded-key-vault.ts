import { join } from 'node:path';
import { CachingKeyVault, type KeyCacheOptions } from '../caching-key-vault.js';
import { MasterKey } from '../master-key.js';
import { masterKeyFromFile } from '../master-key-file.js';
import { openSqliteKeyVault, type SqliteVault } from './key-vault.js';

export interface EmbeddedKeyVaultOptions {
  /** 32 bytes in base64; without it the file `master.key` of the data directory is used, and made if need be. */
  readonly masterKey?: string;
  /** Hears once where a new master key was put. */
  readonly announce: (message: string) => void;
  readonly cache?: KeyCacheOptions;
}

class EmbeddedKeyVault extends CachingKeyVault implements SqliteVault {
  constructor(
    private readonly file: SqliteVault,
    cache?: KeyCacheOptions,
  ) {
    super(file, cache);
  }

  copyTo(file: string, onProgress?: (done: number, of: number) => void): Promise<void> {
    return this.file.copyTo(file, onProgress);
  }
}

/**
 * The key vault of a data directory: `vault.db`, `erasures.log` beside it, and a cache in front.
 * @throws WrongMasterKey before anything is changed
 */
export const openEmbeddedKeyVault = async (
  dataDirectory: string,
  { masterKey, announce, cache }: EmbeddedKeyVaultOptions,
): Promise<SqliteVault> => {
  const file = join(dataDirectory, 'vault.db');
  const vault = await openSqliteKeyVault({
    file,
    ledgerFile: join(dataDirectory, 'erasures.log'),
    masterKey: new MasterKey(masterKey ?? masterKeyOf(dataDirectory, file, announce)),
  });
  return new EmbeddedKeyVault(vault, cache);
};

const masterKeyOf = (
  dataDirectory: string,
  vaultFile: string,
  announce: (message: string) => void,
): string => {
  const keyFile = join(dataDirectory, 'master.key');
  const { base64, made } = masterKeyFromFile(keyFile, vaultFile);
  if (made)
    announce(
      `A master key for personal data was made into ${keyFile}. Keep a copy apart from backups of the data: without it nothing personal can be read.`,
    );
  return base64;
};
