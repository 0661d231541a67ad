import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { packageRoot } from '#platform/package-root';
import { migrate } from '#warehouse/migrations';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';

/** Where a suite is described: gives it a warehouse of its own, with all tables, and empty before each test. */
export const withEmptyWarehouse = (opened: (warehouse: Warehouse) => void): void => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir });
    opened(warehouse);
  });
  beforeEach(async () => {
    await warehouse.command('DROP DATABASE IF EXISTS crm SYNC');
    await migrate(warehouse, join(packageRoot(), 'infra', 'clickhouse', 'schema'));
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });
};
