import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  it('looks names up in crm, and gives decimals as ClickHouse does', async () => {
    expect(await ask('SELECT count() AS n, toDecimal64(1.5, 4) AS d FROM t', 'JSONEachRow')).toBe(
      '{"n":2,"d":1.5}\n',
    );
    expect(await ask('SHOW TABLES')).toBe('t\n');
    expect(await ask('DESCRIBE TABLE crm.t', 'JSONEachRow')).toContain('UInt32');
    expect(await ask("WITH 'file; into outfile' AS s SELECT s -- file('x')")).toBe('file; into outfile\n');
  });

  it('binds parameters', async () => {
    const { body } = await readOnly.query('SELECT {s:String} AS s', 'TSV', { s: "file('x'); DROP" });
    expect(await text(body)).toBe("file(\\'x\\'); DROP\n");
  });

  // Each way was tried on a connection with readonly = 1: those marked with * the engine does not refuse.
  it.each([
    ['an insert', 'INSERT INTO crm.t VALUES (3)'],
    ['a drop', 'DROP TABLE crm.t'],
    ['a new table', 'CREATE TABLE crm.u (a UInt32) ENGINE = Memory'],
    ['a setting', 'SET readonly = 0'],
    ['a setting in the query', 'SELECT 1 SETTINGS max_execution_time = 1000'],
    ['a setting in a subquery *', 'SELECT * FROM (SELECT 1 SETTINGS readonly = 0)'],
    [
      'a file, by a subquery *',
      `SELECT * FROM (SELECT * FROM file('${secret}', 'LineAsString') SETTINGS readonly = 0)`,
    ],
    [
      'SQL in a string *',
      "SELECT * FROM (SELECT * FROM eval('SELECT 1') settings allow_experimental_eval_table_function=1)",
    ],
    ['another database for all who come after *', 'USE system'],
    ['a file', `SELECT * FROM file('${secret}', 'LineAsString')`],
    ['a file by its name', `SELECT * FROM '${secret}'`],
    ['a file as a value *', `SELECT file('${secret}')`],
    ['a file as a value, in quotes *', `SELECT "file"('${secret}')`],
    ['a file as a value, in disguise *', `SELECT \`\\x66ile\`/* */('${secret}')`],
    ['a file as a value, behind a comment *', `SELECT 1 // '\n, file('${secret}') -- '`],
    ['a file as a value, behind a here-document *', `SELECT $a$ ' $a$, file('${secret}'), ' '`],
    ['a file as a value, handed on *', `SELECT arrayMap(file, ['${secret}'])`],
    ['a file as a value, applied *', `SELECT * APPLY(file) FROM (SELECT '${secret}')`],
    ['the form of a file *', `DESCRIBE file('${secret}', 'LineAsString')`],
    ['the form of a file, in a table *', `DESCRIBE TABLE file('${secret}', 'LineAsString')`],
    ['whether a file is there *', `EXISTS TABLE default.\`${secret}\``],
    ['a file to write *', `SELECT 1 INTO OUTFILE '${join(dir, 'out.csv')}'`],
    [
      'a file to write, in disguise *',
      `SELECT 1 into /* x */ \n outfile '${join(dir, 'out.csv')}' FORMAT TSV`,
    ],
    ['a file to write, explained *', `EXPLAIN SELECT 1 INTO OUTFILE '${join(dir, 'out.csv')}'`],
    ['an address', "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"],
    ['the form of an address *', "DESCRIBE url('http://127.0.0.1:1/', 'LineAsString')"],
    ['a bucket', "SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'LineAsString')"],
    ['another server', "SELECT * FROM remote('127.0.0.1', system.one)"],
    ['another database server', "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')"],
    ['a program', "SELECT * FROM executable('cat', 'TSV', 'a String')"],
    ['a dictionary', "SELECT * FROM dictionary('d')"],
    ['to kill the queries of others *', 'KILL QUERY WHERE 1'],
    ['two statements *', 'SELECT 1; SELECT 2'],
    ['nothing', ' -- nothing'],
    ['what is no SQL', 'SELEKT 1'],
  ])('refuses %s', async (_what, sql) => {
    await expect(ask(sql)).rejects.toThrow();
    expect(await warehouse.rows('SELECT count() AS n FROM crm.t')).toEqual([{ n: 2 }]);
    expect(existsSync(join(dir, 'out.csv'))).toBe(false);
  });

  it('says what is wrong with a query in the words of the engine', async () => {
    await expect(ask('SELECT FROM WHERE')).rejects.toMatchObject({
      code: 'sql-invalid',
      message: expect.stringContaining('Syntax error'),
    });
    await expect(ask(`SELECT file('${secret}')`)).rejects.toMatchObject({ code: 'sql-not-allowed' });
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
