import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { migrate, readMigrations } from './migrations.js';
import { openWarehouse, type Warehouse } from './warehouse.js';

const SCHEMA = join(import.meta.dirname, '../../infra/clickhouse/schema');

describe('migrations', () => {
  let dir: string;
  let schema: string;
  let warehouse: Warehouse;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'perennial-'));
    schema = join(dir, 'schema');
    cpSync(SCHEMA, schema, { recursive: true });
    warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
  });

  afterEach(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const write = (name: string, sql: string) => writeFileSync(join(schema, name), sql);
  const next = () => String((readMigrations(schema).at(-1)?.number ?? 0) + 1).padStart(4, '0');

  it('run once, in order', async () => {
    expect(await migrate(warehouse, schema)).toEqual(readMigrations(SCHEMA).map(({ name }) => name));
    expect(await migrate(warehouse, schema)).toEqual([]);
    write(
      `${next()}-more.sql`,
      'CREATE TABLE IF NOT EXISTS crm.more (a Int8) ENGINE = MergeTree ORDER BY a;',
    );
    expect(await migrate(warehouse, schema)).toEqual(['more']);
    expect(await warehouse.rows('SELECT * FROM crm.more')).toEqual([]);
  });

  it('resume after an interruption in the midst of a file', async () => {
    const file = `${next()}-two.sql`;
    const first = 'CREATE TABLE IF NOT EXISTS crm.first (a Int8) ENGINE = MergeTree ORDER BY a';
    write(file, `${first}; CREATE TABLE IF NOT EXISTS crm.second (a Nonsense) ENGINE = MergeTree ORDER BY a`);
    await expect(migrate(warehouse, schema)).rejects.toThrow(/Nonsense/);
    write(file, `${first}; CREATE TABLE IF NOT EXISTS crm.second (a Int8) ENGINE = MergeTree ORDER BY a`);
    expect(await migrate(warehouse, schema)).toEqual(['two']);
  });

  it('are not changed once they have run, except in comments and spaces', async () => {
    const file = `${next()}-more.sql`;
    write(file, 'CREATE TABLE IF NOT EXISTS crm.more (a Int8) ENGINE = MergeTree ORDER BY a');
    await migrate(warehouse, schema);
    write(file, '-- why\nCREATE TABLE IF NOT EXISTS crm.more\n(a Int8) ENGINE = MergeTree ORDER BY a;');
    expect(await migrate(warehouse, schema)).toEqual([]);
    write(file, 'CREATE TABLE IF NOT EXISTS crm.more (a Int16) ENGINE = MergeTree ORDER BY a');
    await expect(migrate(warehouse, schema)).rejects.toThrow(/more was changed/);
  });

  it('must be repeatable and have numbers of their own', () => {
    const file = `${next()}-more.sql`;
    write(file, 'CREATE TABLE crm.more (a Int8) ENGINE = MergeTree ORDER BY a');
    expect(() => readMigrations(schema)).toThrow(/cannot be run twice/);
    rmSync(join(schema, file));
    write('0001-again.sql', 'CREATE OR REPLACE VIEW crm.again AS SELECT 1');
    expect(() => readMigrations(schema)).toThrow(/number 1/);
  });
});
