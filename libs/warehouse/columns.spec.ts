import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dropScratchTables, readColumns, scratchTable, withColumns } from './columns.js';
import { openWarehouse, type Warehouse } from './warehouse.js';

describe('columns of numbers', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir });
    await warehouse.command('CREATE DATABASE crm');
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  it('come out exactly, also where one begins at an odd byte', async () => {
    const read = await readColumns(
      warehouse,
      'SELECT number AS x, number / 3 AS y FROM numbers({n:UInt32})',
      { x: 'UInt32', y: 'Float64' },
      { n: 1001 },
    );
    expect(read.x).toHaveLength(1001);
    expect(read.x[1000]).toBe(1000);
    expect([...read.y]).toEqual([...read.x].map((x) => x / 3));
  });

  it('come out empty where there is no row', async () => {
    const read = await readColumns(warehouse, 'SELECT 1 AS x WHERE 0', { x: 'UInt32' });
    expect(read.x).toHaveLength(0);
  });

  it('go in bit by bit and leave no table behind', async () => {
    const x = Uint32Array.from({ length: 1000 }, (_, i) => i * 4_000_000);
    const y = Float64Array.from({ length: 1000 }, (_, i) => Math.PI ** (i % 50));
    const back = await withColumns(warehouse, { x, y }, (table) =>
      readColumns(warehouse, `SELECT x AS a, y AS b FROM ${table} ORDER BY x`, { a: 'UInt32', b: 'Float64' }),
    );
    expect(back.a).toEqual(x);
    expect(back.b).toEqual(y);
    expect(await warehouse.rows("SELECT name FROM system.tables WHERE database = 'crm'")).toEqual([]);
  });

  it('are tidied up after a killed process', async () => {
    await warehouse.command(`CREATE TABLE ${scratchTable('left')} (a UInt8) ENGINE = Memory`);
    await dropScratchTables(warehouse, 1);
    expect(await warehouse.rows("SELECT count() AS n FROM system.tables WHERE database = 'crm'")).toEqual([
      { n: 1 },
    ]);
    await dropScratchTables(warehouse);
    expect(await warehouse.rows("SELECT name FROM system.tables WHERE database = 'crm'")).toEqual([]);
  });
});
