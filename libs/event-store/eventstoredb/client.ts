import { EventStoreDBClient } from '@eventstore/db-client';

/**
 * A client that makes a call of its own of every append. With the batched appends that it would choose the answers of
 * all clients of a process stand in one table, which is cleared when one of them loses its connection: the next answer
 * to another client then ends the process. Besides, only a call of its own has a deadline, and is sent to the leader.
 */
export const openClient = (connectionString: string): EventStoreDBClient => {
  const client = EventStoreDBClient.connectionString(connectionString);
  // It asks itself whether the server can take batches.
  return Object.assign(client, { supports: async () => false });
};
