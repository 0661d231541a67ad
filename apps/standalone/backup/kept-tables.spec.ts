import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { prepareWarehouse } from '#apps/projector/prepare-warehouse';
import { createLogger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import { noProjector } from '#warehouse/boundary';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { loadTables, saveTables } from './kept-tables.js';

const ROWS = 45_000;
const TABLES = ['crm.customer_scores', 'crm.campaign_audience'];

describe('what only the warehouse has', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  const prepare = () => prepareWarehouse(warehouse, noProjector(warehouse), createLogger('warn'));
  const empty = async () => {
    for (const table of TABLES) await warehouse.command(`TRUNCATE TABLE ${table} SYNC`);
  };
  const sums = () =>
    Promise.all(
      TABLES.map((table) =>
        warehouse.rows(`SELECT count() AS rows, sum(cityHash64(*)) AS sum FROM ${table}`),
      ),
    );
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
    await prepare();
  }, 60_000);
  beforeEach(async () => {
    await empty();
    await warehouse.command(
      `INSERT INTO crm.customer_scores (run_id, customer_id, as_of, clv, p_alive, churn_risk, churn_band, signals)
       SELECT concat('run-', toString(number % 3)), concat('"c"-', toString(number)), '2024-03-01',
         if(number % 2 = 0, NULL, number / 7), number / 11, NULL, 'low', ['silent', 'open complaint'] FROM numbers(${ROWS})`,
    );
    await warehouse.command(
      `INSERT INTO crm.campaign_audience (campaign_id, attempt, customer_id, left_out)
       SELECT 'spring', generateUUIDv4(number % 2), toString(number), if(number % 5 = 0, 'erased', '') FROM numbers(${ROWS})`,
    );
  }, 60_000);
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  it('comes back row by row, but for scores of runs that have no event', async () => {
    const before = await sums();
    await saveTables(warehouse, dir, () => {});
    await empty();
    expect(await loadTables(warehouse, dir, () => true)).toEqual({
      customer_scores: ROWS,
      campaign_audience: ROWS,
    });
    expect(await sums()).toEqual(before);
    await empty();
    const loaded = await loadTables(warehouse, dir, (id) => id !== 'run-1');
    expect(loaded).toEqual({ customer_scores: (2 * ROWS) / 3, campaign_audience: ROWS });
    writeFileSync(join(dir, 'customer_scores.ndjson'), '');
    await empty();
    expect(await loadTables(warehouse, dir, () => true)).toMatchObject({ customer_scores: 0 });
  }, 60_000);

  it('survives a warehouse that is made anew as the guide says', async () => {
    const guide = readFileSync(join(packageRoot(), 'docs/how-to/backup.md'), 'utf8');
    const statements = [...guide.matchAll(/^ {7}((?:CREATE|DROP|INSERT) .*);$/gm)].map(
      ([, sql]) => sql as string,
    );
    expect(statements).toHaveLength(6);
    const before = await sums();
    for (const statement of statements) {
      await warehouse.command(statement);
      if (statement.startsWith('DROP')) await prepare();
    }
    expect(await sums()).toEqual(before);
    await warehouse.command('DROP DATABASE kept SYNC');
  }, 60_000);
});
