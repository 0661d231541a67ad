import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import { DEDUPLICATION_WINDOW } from './claims.js';

/** Claims of each partition that stay whatever their age: by the last the partition goes on, a few more tell of its end. */
const LAST_OF_EACH = 1000;

export interface PruningOptions {
  /** Inserts that the engine remembers. */
  readonly window?: number;
  readonly lastOfEach?: number;
}

/**
 * Removes claims that nobody asks for any more. What stays:
 * - the newest ones of all partitions, twice as many as the engine remembers tokens: how old a claim is, is counted in
 *   those that came after it, and a claim that goes has lost its token before;
 * - the last ones of each partition. A writer that slept from before them finds at least one beyond its place when it
 *   reads back what it claimed, and is refused;
 * - holds and their releases: whoever wakes up under a hold asks who released it, however long ago.
 * It may run while events land, and at once in several processes. The engine removes the rows in its own time.
 */
export const pruneClaims = async (
  warehouse: Warehouse,
  { window = DEDUPLICATION_WINDOW, lastOfEach = LAST_OF_EACH }: PruningOptions = {},
): Promise<void> => {
  await caughtUp(warehouse, 'crm.claims');
  const [oldest] = await warehouse.rows<{ noted: string }>(
    `SELECT toString(noted_at) AS noted FROM crm.claims WHERE state = 'claimed'
     ORDER BY noted_at DESC LIMIT 1 OFFSET {most:UInt32}`,
    { most: 2 * window - 1 },
  );
  if (!oldest) return;
  const partitions = await warehouse.rows<{ partition: number }>('SELECT DISTINCT partition FROM crm.claims');
  for (const { partition } of partitions) {
    const [first] = await warehouse.rows<{ first: number }>(
      `SELECT DISTINCT first FROM crm.claims WHERE partition = {partition:UInt16} AND state = 'claimed'
       ORDER BY first DESC LIMIT 1 OFFSET {most:UInt32}`,
      { partition, most: lastOfEach - 1 },
    );
    if (!first) continue;
    const which = { partition, first: first.first, noted: oldest.noted };
    const [row] = await warehouse.rows(`SELECT 1 FROM crm.claims WHERE ${PRUNABLE} LIMIT 1`, which);
    if (row) await warehouse.command(`ALTER TABLE crm.claims DELETE WHERE ${PRUNABLE}`, which);
  }
};

const PRUNABLE = `partition = {partition:UInt16} AND first < {first:UInt64} AND state IN ('claimed', 'landed')
  AND noted_at < {noted:DateTime64(6, 'UTC')}`;
