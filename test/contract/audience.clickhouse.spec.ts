import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assignArm } from '#crm/campaign/assign-arm';
import { AUDIENCE_CHECKSUM_SQL, AudienceChecksum } from '#crm/campaign/audience-checksum';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';

/** The domain and the warehouse must agree on who belongs to an audience, and to which arm. */
describe('an audience in ClickHouse', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir });
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const audience = (size: number) =>
    `(SELECT concat('Kundin-Ä-', toString(number)) AS customer_id FROM numbers(${size}))`;
  const customers = (size: number) => Array.from({ length: size }, (_, i) => `Kundin-Ä-${i}`);

  it.each([0, 1, 2, 10_000])('of %i has the same checksum', async (size) => {
    const rows = await warehouse.rows(
      `SELECT count() AS count, ${AUDIENCE_CHECKSUM_SQL} AS checksum FROM ${audience(size)}`,
    );
    expect(rows).toEqual([AudienceChecksum.of(customers(size))]);
  });

  it('has the same members held out', async () => {
    const rows = await warehouse.rows<{ customer_id: string }>(
      `SELECT customer_id FROM ${audience(5000)}
       WHERE murmurHash3_32(concat({salt:String}, '\\n', customer_id)) / 4294967296 < 0.1 ORDER BY customer_id`,
      { salt: 'spring' },
    );
    const heldOut = customers(5000).filter(
      (id) => assignArm('spring', id, [{ name: 'letter', share: 1 }], 0.1).heldOut,
    );
    expect(rows.map(({ customer_id }) => customer_id).sort()).toEqual(heldOut.sort());
  });
});
