import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startProjector } from '#apps/projector/projector';
import { createLogger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import { eventLine } from '#test/support/event-line';
import { MemoryStream } from '#test/support/memory-stream';
import { migrate } from '#warehouse/migrations';
import { readSources } from '#warehouse/projection-status';
import { openFeeds } from '#warehouse/projection-upkeep';
import { rebuildProjection, startProjections } from '#warehouse/projections';
import { ReadOnlyWarehouse } from '#warehouse/read-only';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

const EVENTS = 1000;
const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
let server: WarehouseProcess;
let warehouse: Warehouse;

beforeAll(async () => {
  server = await startWarehouseProcess(dir);
  warehouse = await openWarehouse({ url: server.url });
});
afterAll(async () => {
  await warehouse?.close();
  await server?.process.kill('SIGTERM');
  rmSync(dir, { recursive: true });
});

it('events land and are projected over HTTP as they are in one process', async () => {
  const infra = join(packageRoot(), 'infra', 'clickhouse');
  await migrate(warehouse, join(infra, 'schema'));
  const sources = readSources(infra);
  const started = await startProjections(warehouse, sources);
  expect(started.filter(({ state }) => state !== 'current')).toEqual([]);

  const stream = new MemoryStream(2);
  const append = (from: number, to: number) => {
    for (let position = from; position < to; position++)
      stream.append(
        eventLine(position, {
          type: 'PurchaseRecorded',
          stream: `purchase-${position}`,
          data: {
            orderId: String(position),
            customerId: `customer-${position % 100}`,
            kind: 'sale',
            lines: [{ sku: 'a', quantity: 1, unitPrice: { amount: '1.00', currency: 'EUR' } }],
            total: { amount: '1.00', currency: 'EUR' },
            channel: 'web',
          },
        }),
        position % 2,
      );
  };
  append(0, EVENTS);
  const landing = await startProjector({ stream, warehouse, log: createLogger('silent') });
  await openFeeds(warehouse, sources, landing);
  expect(await landing.waitFor(EVENTS - 1, 30_000)).toBe(true);
  const purchases = async () =>
    (await warehouse.rows('SELECT count() AS n, toString(sum(total)) AS total FROM crm.purchases'))[0];
  const counted = (n: number) => ({ n, total: String(n) });
  expect(await purchases()).toEqual(counted(EVENTS));

  await rebuildProjection(warehouse, sources, 'purchases', landing);
  append(EVENTS, 2 * EVENTS);
  expect(await landing.waitFor(2 * EVENTS - 1, 30_000)).toBe(true);
  expect(await purchases()).toEqual(counted(2 * EVENTS));
  await landing.stop();

  const reader = new ReadOnlyWarehouse(warehouse, { maxMemoryBytes: 2 ** 28, maxSeconds: 5, maxRows: 100 });
  expect(await reader.rows('SELECT count() AS n FROM purchases')).toEqual([{ n: 2 * EVENTS }]);
  for (const sql of [
    "SELECT file('/etc/hostname')",
    'DROP TABLE crm.events',
    'SELECT 1 SETTINGS readonly = 0',
  ])
    await expect(reader.query(sql, 'TSV')).rejects.toThrow();
  await expect(reader.rows('SELECT number FROM numbers(1000)')).rejects.toThrow(/rows/);
}, 120_000);
