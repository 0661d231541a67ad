import { join } from 'node:path';
import { Backups } from '#apps/standalone/backup/backups';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';
import { openWarehouse } from '#warehouse/warehouse';

// Makes a backup of a stopped data directory and is killed at the first step that begins like its last argument.

const [dataDirectory, backupDirectory, kind, name, last] = process.argv.slice(2) as [
  string,
  string,
  'data' | 'vault',
  string,
  string,
];
const backups = new Backups({
  dataDirectory,
  backupDirectory,
  eventStore: new SqliteEventStore(join(dataDirectory, 'events.db')),
  vault: await openEmbeddedKeyVault(dataDirectory, { announce: () => {} }),
  warehouse: await openWarehouse({ dir: join(dataDirectory, 'warehouse') }),
});
await backups.make(kind, name, (step) => {
  if (step.startsWith(last)) process.kill(process.pid, 'SIGKILL');
});
