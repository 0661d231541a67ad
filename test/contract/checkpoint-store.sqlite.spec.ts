import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteCheckpoints } from '#event-store/sqlite/checkpoints';
import { checkpointStoreContract } from './checkpoint-store.contract.js';

checkpointStoreContract('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'perennial-'));
  return {
    open: async () => openSqliteCheckpoints(join(directory, 'checkpoints.db')),
    tearDown: async () => rmSync(directory, { recursive: true }),
  };
});
