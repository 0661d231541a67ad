import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { packageRoot } from '#platform/package-root';
import { noProjector } from '../boundary.js';
import { migrate } from '../migrations.js';
import { versions } from '../projection-ledger.js';
import { readSources } from '../projection-status.js';
import { rebuildProjection, rollbackProjection, startProjections } from '../projections.js';
import { openWarehouse, type Warehouse } from '../warehouse.js';
import { markAllForRebuild } from './failing-view.js';

const infra = join(packageRoot(), 'infra', 'clickhouse');
const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
let warehouse: Warehouse;

beforeAll(async () => {
  warehouse = await openWarehouse({ dir });
  await migrate(warehouse, join(infra, 'schema'));
}, 60_000);
afterAll(async () => {
  await warehouse.close();
  rmSync(dir, { recursive: true });
});

it('leaves no way back to a version that got the same rows as the one that needs a rebuild', async () => {
  const sources = readSources(infra);
  await startProjections(warehouse, sources);
  await rebuildProjection(warehouse, sources, 'purchases', noProjector(warehouse));
  const states = async () => (await versions(warehouse, 'purchases')).map(({ state }) => state);
  expect(await states()).toEqual(['standby', 'live']);
  await markAllForRebuild(warehouse, 'events came later');
  expect(await states()).toEqual(['failed', 'needs rebuild']);
  await expect(rollbackProjection(warehouse, 'purchases', noProjector(warehouse))).rejects.toThrow(
    'no version on standby',
  );
}, 60_000);
