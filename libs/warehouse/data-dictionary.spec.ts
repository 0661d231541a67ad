import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateDataDictionary, withoutComment } from './data-dictionary.js';
import { migrate } from './migrations.js';
import { readSources } from './projection-status.js';
import { startProjections } from './projections.js';
import { openWarehouse, type Warehouse } from './warehouse.js';

const ROOT = join(import.meta.dirname, '../..');
const INFRA = join(ROOT, 'infra/clickhouse');
const DICTIONARY = join(ROOT, 'docs/data-dictionary.md');

describe('the data dictionary', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;

  beforeAll(async () => {
    warehouse = await openWarehouse({ dir });
    await migrate(warehouse, join(INFRA, 'schema'));
    const failed = (await startProjections(warehouse, readSources(INFRA))).filter(
      ({ state }) => state !== 'current',
    );
    expect(failed).toEqual([]);
  });

  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  it('has something to say of every table, view and column', async () => {
    expect(await withoutComment(warehouse)).toEqual([]);
  });

  it('is the one in docs; UPDATE_DOCS=1 writes it anew', async () => {
    const dictionary = await generateDataDictionary(warehouse);
    if (process.env.UPDATE_DOCS === '1') writeFileSync(DICTIONARY, dictionary);
    expect(existsSync(DICTIONARY) ? readFileSync(DICTIONARY, 'utf8') : '').toBe(dictionary);
  });

  it('holds every view that reports promise', async () => {
    const views = await warehouse.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = 'crm' AND engine = 'View'",
    );
    expect(views.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'customers',
        'interactions',
        'purchases',
        'purchase_lines',
        'returns',
        'complaints',
        'complaint_events',
        'service_failures',
        'campaigns',
        'campaign_members',
        'campaign_touches',
        'campaign_performance',
        'customer_rfm',
        'customer_value',
        'customer_value_history',
        'model_runs',
      ]),
    );
  });
});
