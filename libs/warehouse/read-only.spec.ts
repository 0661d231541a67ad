import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ReadOnlyWarehouse } from './read-only.js';
import { openWarehouse, type Warehouse } from './warehouse.js';

describe('a read-only connection', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  const secret = join(dir, 'secret.csv');
  let warehouse: Warehouse;
  let readOnly: ReadOnlyWarehouse;
  const ask = async (sql: string, format = 'TSV') => text((await readOnly.query(sql, format)).body);

  beforeAll(async () => {
    warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
    await warehouse.command('CREATE DATABASE crm');
    await warehouse.command('CREATE TABLE crm.t (a UInt32) ENGINE = MergeTree ORDER BY a');
    await warehouse.command('INSERT INTO crm.t VALUES (1), (2)');
    writeFileSync(secret, 'secret\n');
    readOnly = new ReadOnlyWarehouse(warehouse, {
      maxMemoryBytes: 200 * 1024 * 1024,
      maxSeconds: 2,
      maxRows: 1000,
    });
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  it('answers in the format of the query, or else in the one asked for', async () => {
    expect(await ask('SELECT a FROM crm.t ORDER BY a;')).toBe('1\n2\n');
    expect(await ask('SELECT a FROM crm.t ORDER BY a', 'JSONEachRow')).toBe('{"a":1}\n{"a":2}\n');
    expect(await ask('SELECT a FROM crm.t ORDER BY a FORMAT CSV', 'TSV')).toBe('1\n2\n');
    expect((await readOnly.query('SELECT 1 FORMAT CSV', 'TSV')).format).toBe('CSV');
  });

  it.each([
    ['an insert', 'INSERT INTO crm.t VALUES (3)'],
    ['a drop', 'DROP TABLE crm.t'],
    ['a new table', 'CREATE TABLE crm.u (a UInt32) ENGINE = Memory'],
    ['a setting', 'SET readonly = 0'],
    ['a setting in the query', 'SELECT 1 SETTINGS max_execution_time = 1000'],
    ['a file', `SELECT * FROM file('${secret}', 'LineAsString')`],
    ['a file to write', `SELECT 1 INTO OUTFILE '${join(dir, 'out.csv')}'`],
    ['a file to write, in disguise', `SELECT 1 into /* x */ \n outfile '${join(dir, 'out.csv')}' FORMAT TSV`],
    ['an address', "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"],
    ['another server', "SELECT * FROM remote('127.0.0.1', system.one)"],
    ['a program', "SELECT * FROM executable('cat', 'TSV', 'a String')"],
    ['two statements', 'SELECT 1; SELECT 2'],
  ])('refuses %s', async (_what, sql) => {
    await expect(ask(sql)).rejects.toThrow();
    expect(await warehouse.rows('SELECT count() AS n FROM crm.t')).toEqual([{ n: 2 }]);
  });

  it.each([
    ['time', 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1'],
    ['memory', 'SELECT length(groupArray(number)) FROM numbers(1000000000)'],
    ['rows', 'SELECT number FROM numbers(100000)'],
  ])('keeps within its %s', async (_what, sql) => {
    await expect(ask(sql)).rejects.toThrow();
  });

  it('takes more queries than it has connections', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask(`SELECT ${i}`)));
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `${i}\n`));
  });
});
