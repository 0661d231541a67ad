import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { prepareWarehouse, projectionFiles } from '#apps/projector/prepare-warehouse';
import { Metrics } from '#apps/service/metrics';
import { createLogger } from '#platform/logging';
import { noProjector } from '#warehouse/boundary';
import { detachFeed, feedOf, markNeedsRebuild } from '#warehouse/projection-ledger';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { measureProjections } from './projection-metrics.js';

const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await openWarehouse({ dir });
  await prepareWarehouse(warehouse, noProjector(warehouse), createLogger('silent'));
}, 60_000);
afterAll(async () => {
  await warehouse.close();
  rmSync(dir, { recursive: true });
});

it('tells of a projection whose rows are no longer complete', async () => {
  const metrics = new Metrics('analytics');
  measureProjections(metrics, warehouse, projectionFiles, -1);
  const stateOf = async (projection: string) =>
    new RegExp(`^perennial_projection_state\\{projection="${projection}",state="([^"]+)"\\} 1$`, 'm').exec(
      await metrics.text(),
    )?.[1];
  const become = async (projection: string, state: string) => {
    for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
      if ((await stateOf(projection)) === state) return;
      await new Promise(setImmediate);
    }
    throw new Error(`${projection} is ${await stateOf(projection)}, not ${state}`);
  };
  await become('purchases', 'current');
  await become('customer_value', 'current');
  await markNeedsRebuild(warehouse, 'purchases', 'events came later');
  await become('purchases', 'needs rebuild');
  await detachFeed(warehouse, feedOf('returns', 1), 'it failed');
  await become('returns', 'needs rebuild');
  expect(await stateOf('interactions')).toBe('current');
}, 60_000);
