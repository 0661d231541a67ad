import { openPostgresCheckpoints } from '#event-store/postgres/checkpoints';
import { describeWithPostgres } from '#test/support/servers/postgres';
import { testPostgres } from '#test/support/test-postgres';
import { checkpointStoreContract } from './checkpoint-store.contract.js';

describeWithPostgres('with PostgreSQL', () => {
  const database = testPostgres();
  checkpointStoreContract('PostgreSQL', async () => ({
    open: async () => openPostgresCheckpoints(await database.open()),
    tearDown: () => database.clear(),
  }));
});
