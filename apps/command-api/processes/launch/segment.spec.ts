import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newFolder, removeFolder } from '#test/support/process-stores';
import { ReadOnlyWarehouse } from '#warehouse/read-only';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { checkSegment, customersOf, type SegmentReader } from './segment.js';

describe('a segment', () => {
  const folder = newFolder();
  let warehouse: Warehouse;
  let reader: SegmentReader;
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir: join(folder, 'warehouse') });
    await warehouse.command('CREATE DATABASE crm');
    const limits = { maxMemoryBytes: 200 * 1024 * 1024, maxSeconds: 2, maxRows: 100_000 };
    reader = new ReadOnlyWarehouse(warehouse, limits);
  });
  afterAll(async () => {
    await warehouse.close();
    removeFolder(folder);
  });

  const customers = async (sql: string) => {
    const all: string[] = [];
    for await (const page of customersOf(reader, sql)) all.push(...page);
    return all;
  };

  it.each([
    ['more columns than one', "SELECT 'a' AS customer_id, 1 AS rank"],
    ['a semicolon and a comment at its end', "SELECT 'a' AS customer_id; -- those\n"],
    ['a comment as its last line', "SELECT 'a' AS customer_id -- those"],
    ['a WITH', "WITH 'a' AS x SELECT x AS customer_id"],
    ['parentheses', "(SELECT 'a' AS customer_id)"],
    ['a union', "SELECT 'a' AS customer_id UNION ALL SELECT 'a' AS customer_id"],
    ['nobody in some rows', "SELECT arrayJoin(['a', '', NULL]) AS customer_id"],
  ])('may have %s', async (_, sql) => {
    await checkSegment(reader, sql);
    expect(await customers(sql)).toEqual(['a']);
  });

  it('may give numbers, and ids that need quoting', async () => {
    expect(await customers('SELECT toUInt64(42) AS customer_id')).toEqual(['42']);
    const odd = await customers(`SELECT arrayJoin(['a\\\\b', 'a"b', 'Ä ö', 'a/b']) AS customer_id`);
    expect(odd.sort()).toEqual(['a"b', 'a/b', 'a\\b', 'Ä ö']);
  });

  it('comes in pages, everybody once', async () => {
    const pages: number[] = [];
    const ids = new Set<string>();
    const sql = 'SELECT toString(number % 25000) AS customer_id FROM numbers(50000)';
    for await (const page of customersOf(reader, sql)) {
      pages.push(page.length);
      for (const id of page) ids.add(id);
    }
    expect(pages).toEqual([10_000, 10_000, 5_000]);
    expect(ids.size).toBe(25_000);
  });

  it('may be of nobody', async () => {
    expect(await customers("SELECT '' AS customer_id WHERE 0")).toEqual([]);
  });

  it.each([
    ['no SQL', 'customers of Berlin'],
    ['a statement of another kind', 'DROP TABLE crm.events'],
    ['two statements', "SELECT 'a' AS customer_id; SELECT 'b' AS customer_id"],
    ['an open quote', "SELECT 'a AS customer_id"],
    ['an open comment', "SELECT 'a' AS customer_id /* those"],
    ['a table that is not there', 'SELECT customer_id FROM crm.nowhere'],
    ['no such column', "SELECT 'a' AS customer"],
    ['a setting', "SELECT 'a' AS customer_id SETTINGS max_execution_time = 1000"],
    ['a file', "SELECT customer_id FROM file('/etc/passwd', 'CSV', 'customer_id String')"],
    ['nothing', '  -- nothing'],
  ])('that is %s is refused', async (_, sql) => {
    const refusal = { kind: 'invalid', code: 'segment-invalid', fields: [{ path: 'segment.sql' }] };
    await expect(checkSegment(reader, sql)).rejects.toMatchObject(refusal);
    await expect(customers(sql)).rejects.toMatchObject(refusal);
  });

  it.each([
    ['fails while it runs', 'SELECT toString(throwIf(number > 5)) AS customer_id FROM numbers(10)'],
    [
      'takes too long',
      'SELECT toString(sleepEachRow(0.1)) AS customer_id FROM numbers(50) SETTINGS max_block_size = 1',
    ],
    [
      'takes too much memory',
      'SELECT toString(length(groupArray(number))) AS customer_id FROM numbers(1000000000)',
    ],
    ['names too many', 'SELECT toString(number) AS customer_id FROM numbers(200000)'],
    ['names something else', "SELECT 'somebody@example.com' AS customer_id"],
  ])('that %s gives its reason', async (_, sql) => {
    await expect(customers(sql)).rejects.toMatchObject({ kind: 'invalid', code: 'segment-invalid' });
  });
});
