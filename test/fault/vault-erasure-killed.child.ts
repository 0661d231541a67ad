import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

// Erases `customer 7` in the data directory of its argument, and is killed when the file is to be searched.
// In a process of its own, because a kill ends it.

const [directory, masterKey] = process.argv.slice(2) as [string, string];
const { open } = fs;
fs.open = (path, ...rest) => {
  if (String(path).endsWith('vault.db')) process.kill(process.pid, 'SIGKILL');
  return open(path, ...rest);
};
syncBuiltinESMExports();
// Imported only now, so that it sees what was put in place of `open`.
const { openEmbeddedKeyVault } = await import('#personal-data/sqlite/embedded-key-vault');
const vault = await openEmbeddedKeyVault(directory, { masterKey, announce: () => {} });
await vault.erase(['customer 7']);
