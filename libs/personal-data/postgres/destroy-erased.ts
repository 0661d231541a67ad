import { PerennialError } from '#eventing/errors';
import { DatabaseUnavailable, LOCK_NOT_AVAILABLE } from '#postgres/errors';
import type { Postgres, Query } from '#postgres/postgres';
import { PARTITIONS } from './migrations.js';

// PostgreSQL overwrites nothing: a deleted row stays in the file of its table until another happens to take its place,
// and VACUUM does no more than offer that place. So an erasure copies what else stands in the same small partition,
// truncates the partition, which gives it new files and empties the old ones, and puts the copy back.

/** Reading (a backup, for instance) keeps us from it so long; then the erasure is to be sent again. */
const LOCK_TIMEOUT_MS = 2_000;

/** Whether the tombstone's owner belongs to the partition of the remainder $1. */
const OF_PARTITION = `satisfies_hash_partition('perennial.keys'::regclass, ${PARTITIONS}, $1::integer, owner)`;

/** Replaces every file that still holds something of erased owners. @throws PerennialError `vault-busy` */
export const destroyErased = async (postgres: Postgres): Promise<void> => {
  const { rows } = await postgres.query<{ remainder: number }>(
    `SELECT remainder FROM generate_series(0, ${PARTITIONS - 1}) AS remainder
     WHERE EXISTS (SELECT FROM perennial.tombstones WHERE NOT destroyed
       AND ${OF_PARTITION.replace('$1::integer', 'remainder')})`,
  );
  for (const { remainder } of rows)
    await postgres
      .transaction((query) => renew(query, remainder))
      .catch((error: unknown) => {
        throw isLockTimeout(error) ? vaultBusy() : error;
      });
};

/** Within a transaction: new files for one partition, without whoever has a tombstone. */
const renew = async (query: Query, remainder: number): Promise<void> => {
  const tables = [`perennial.keys_${remainder}`, `perennial.look_ups_${remainder}`];
  await query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
  await query(`LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`);
  const erased = await query(
    `UPDATE perennial.tombstones SET destroyed = true WHERE NOT destroyed AND ${OF_PARTITION}`,
    [remainder],
  );
  // Another process has done it while this one waited for the lock.
  if (erased.count === 0) return;
  for (const table of tables) {
    await query(`
      CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM ${table} AS each
        WHERE NOT EXISTS (SELECT FROM perennial.tombstones WHERE tombstones.owner = each.owner);
      TRUNCATE ${table};
      INSERT INTO ${table} SELECT * FROM kept;
      DROP TABLE kept;
    `);
  }
};

const isLockTimeout = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable && error.sqlState === LOCK_NOT_AVAILABLE;

const vaultBusy = (): PerennialError =>
  new PerennialError(
    'unavailable',
    'vault-busy',
    'Somebody reads the key vault, perhaps for a backup: nobody gets what was erased, but it still stands in a file. Erase again.',
  );
