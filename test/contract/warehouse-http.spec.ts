import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { openWarehouse } from '#warehouse/warehouse';
import { warehouseContract } from './warehouse.contract.js';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
let server: WarehouseProcess | undefined;

afterAll(async () => {
  await server?.process.kill('SIGTERM');
  rmSync(dir, { recursive: true });
});

warehouseContract('the warehouse as a process', async () => {
  server = await startWarehouseProcess(dir);
  return openWarehouse({ url: server.url });
});

const { CLICKHOUSE_URL: url, CLICKHOUSE_USER: username, CLICKHOUSE_PASSWORD: password } = process.env;
// There is none without a URL: that is no test left out.
if (url) warehouseContract('a ClickHouse server', () => openWarehouse({ url, username, password }));
