import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { noProjector } from '#warehouse/boundary';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { prepareWarehouse } from './prepare-warehouse.js';

describe('a warehouse that is prepared', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;

  const prepare = () => prepareWarehouse(warehouse, noProjector(warehouse), createLogger('silent'));
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir });
    await prepare();
  }, 60_000);
  afterAll(async () => {
    await warehouse?.close();
    rmSync(dir, { recursive: true });
  });

  /** Tables whose merged parts are gone at once: one that proves broken at the next start has no stand-ins. */
  const forgetful = async () =>
    (
      await warehouse.rows<{ name: string }>(
        `SELECT name FROM system.tables WHERE database = 'crm' AND engine LIKE '%MergeTree'
           AND NOT create_table_query LIKE '%old_parts_lifetime = 480%' ORDER BY name`,
      )
    ).map(({ name }) => name);

  it('keeps the parts that a merge replaced, in every table', async () => {
    expect(await forgetful()).toEqual([]);
  });

  it('does so in the tables that an older version made, too', async () => {
    const ofOlderVersion = ['campaigns_v1', 'purchases_v1'];
    for (const table of ofOlderVersion)
      await warehouse.command(`ALTER TABLE crm.${table} RESET SETTING old_parts_lifetime`);
    expect(await forgetful()).toEqual(ofOlderVersion);
    await prepare();
    expect(await forgetful()).toEqual([]);
  });
});
