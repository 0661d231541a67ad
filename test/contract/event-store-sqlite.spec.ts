import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { eventStoreContract } from './event-store.contract.js';

eventStoreContract(
  'SQLite',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
    const store = new SqliteEventStore(join(folder, 'events.db'));
    return {
      store,
      tearDown: async () => {
        await store.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
  { many: 1_000_000 },
);
