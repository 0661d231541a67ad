import type { Warehouse } from './warehouse.js';

/**
 * Waits until the server that answers has all that was inserted into some tables until now, on whichever replica.
 * To be called before a decision is taken from what a table says: a row that is late would count as missing.
 * On one server there is nothing to wait for.
 */
export const caughtUp = async (warehouse: Warehouse, ...tables: readonly string[]): Promise<void> => {
  if (warehouse.cluster === undefined) return;
  for (const table of tables) await warehouse.command(`SYSTEM SYNC REPLICA ${table} LIGHTWEIGHT`);
};

/** @throws Error when the server does not know the cluster, or the cluster is not one that Perennial can use */
export const checkCluster = async (warehouse: Warehouse): Promise<void> => {
  const { cluster } = warehouse;
  if (cluster === undefined) return;
  const [found] = await warehouse.rows<{ shards: number; macros: string[] }>(
    `SELECT uniqExact(shard_num) AS shards, (SELECT groupArray(macro) FROM system.macros) AS macros
     FROM system.clusters WHERE cluster = {cluster:String}`,
    { cluster },
  );
  const shards = found?.shards ?? 0;
  if (shards === 0) throw new Error(`The ClickHouse server knows no cluster ${cluster}.`);
  if (shards > 1)
    throw new Error(
      `The cluster ${cluster} has ${shards} shards: every server must hold all events, so one is needed.`,
    );
  const missing = ['shard', 'replica'].filter((macro) => !found?.macros.includes(macro));
  if (missing.length > 0)
    throw new Error(
      `The ClickHouse server lacks the macro ${missing.join(', ')}, by which replicas find each other.`,
    );
};
