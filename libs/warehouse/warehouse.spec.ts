import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openWarehouse, type Warehouse } from './warehouse.js';

describe('the embedded warehouse', () => {
  let dir: string;
  let warehouse: Warehouse;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'perennial-'));
    warehouse = await openWarehouse({ dir });
    await warehouse.command(
      `CREATE TABLE facts (id UInt64, at DateTime64(3, 'UTC'), amount Decimal(18, 4))
       ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
    );
  });

  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const count = async () => (await warehouse.rows<{ n: number }>('SELECT count() AS n FROM facts'))[0]?.n;

  it('answers 64-bit integers as numbers and decimals as strings', async () => {
    expect(
      await warehouse.rows(`SELECT toUInt64(9007199254740991) AS n, toDecimal64('0.1', 4) AS d`),
    ).toEqual([{ n: 9007199254740991, d: '0.1' }]);
  });

  it('binds parameters, whatever they contain', async () => {
    const nasty = `'; DROP TABLE facts; -- \\ "{x}" \n`;
    expect(await warehouse.rows('SELECT {s:String} AS s', { s: nasty })).toEqual([{ s: nasty }]);
  });

  it('keeps what a failed query had put out away from the next one', async () => {
    const failing = (last: number) =>
      `SELECT number, throwIf(number = ${last}, 'in the middle') AS t FROM numbers(${last + 1}) SETTINGS max_block_size = 1000`;
    for (const last of [10, 100_000]) {
      const failed = expect(warehouse.rows(failing(last))).rejects.toThrow(/in the middle/);
      expect(await warehouse.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await failed;
      expect(await warehouse.rows('SELECT 2 AS two')).toEqual([{ two: 2 }]);
    }
  });

  it('inserts lines once per deduplication token, and the token does not stay on the connection', async () => {
    const line = Buffer.from('{"id":1,"at":"2024-05-01T10:00:00.123Z","amount":"12.3400"}\n');
    await warehouse.insertLines('facts', line, { insert_deduplication_token: 'a' });
    await warehouse.insertLines('facts', line, { insert_deduplication_token: 'a' });
    expect(await count()).toBe(1);
    await warehouse.insertLines('facts', '{"id":2,"at":"2024-05-01T12:00:00+02:00","amount":"1"}\n');
    expect(await count()).toBe(2);
    expect(await warehouse.rows('SELECT at, amount FROM facts ORDER BY id')).toEqual([
      { at: '2024-05-01 10:00:00.123', amount: '12.34' },
      { at: '2024-05-01 10:00:00.000', amount: '1' },
    ]);
  });

  it('runs the statements of several connections side by side', async () => {
    const other = await warehouse.connect();
    const slow = warehouse.rows('SELECT sum(cityHash64(number)) FROM numbers(100000000000)');
    const ended = expect(slow).rejects.toThrow(/cancelled|killed/i);
    expect(await other.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await other.command(`KILL QUERY WHERE query LIKE '%100000000000%' AND query_id != queryID()`);
    await ended;
    await other.close();
  });
});

it('closes at once although a query runs, and can be opened again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  const first = await openWarehouse({ dir });
  const slow = first.rows('SELECT sum(cityHash64(number)) FROM numbers(100000000000)');
  const ended = expect(slow).rejects.toThrow();
  await first.close();
  await ended;
  const second = await openWarehouse({ dir });
  expect(await second.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await second.close();
  rmSync(dir, { recursive: true });
});
