import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClickHouseError } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openWarehouse, type Warehouse } from '../warehouse.js';
import { engineCode, failingView, isPassing } from './engine-errors.js';

describe('errors of the embedded engine', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir });
    await warehouse.command('CREATE TABLE facts (id UInt64) ENGINE = MergeTree ORDER BY id');
    await warehouse.command(
      'CREATE MATERIALIZED VIEW `facts_v1_feed` ENGINE = MergeTree ORDER BY x AS SELECT throwIf(id = 7) AS x FROM facts',
    );
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const failure = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error) => error,
    );

  it('are told apart by their numbers, from an insert and from a query', async () => {
    expect(engineCode(await failure(warehouse.insertLines('facts', 'nonsense\n')))).toBe(27);
    expect(engineCode(await failure(warehouse.rows('SELECT nonsense')))).toBe(47);
  });

  it('name the view in which they arose', async () => {
    const error = await failure(warehouse.insertLines('facts', '{"id":7}\n'));
    expect(failingView(error)).toBe('default.facts_v1_feed');
    expect(failingView(await failure(warehouse.insertLines('facts', 'nonsense\n')))).toBeUndefined();
  });

  it('may pass when it was memory', async () => {
    const greedy = 'SELECT groupArray(number) FROM numbers(100000000) SETTINGS max_memory_usage = 10000000';
    expect(isPassing(await failure(warehouse.rows(greedy)))).toBe(true);
    expect(isPassing(await failure(warehouse.rows('SELECT nonsense')))).toBe(false);
  });
});

describe('errors on the way to a server', () => {
  it('may pass when the connection was lost or the server is busy', () => {
    expect(isPassing(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe(true);
    expect(isPassing(new Error('Timeout error.'))).toBe(true);
    expect(isPassing(new ClickHouseError({ message: 'x', code: '252', type: 'TOO_MANY_PARTS' }))).toBe(true);
    expect(isPassing(new ClickHouseError({ message: 'x', code: '60', type: 'UNKNOWN_TABLE' }))).toBe(false);
    expect(isPassing(new TypeError('x'))).toBe(false);
    expect(isPassing('x')).toBe(false);
  });

  it('name the view, too', () => {
    const message = 'x: while pushing to view crm.sales_v1_feed (9f3c0e52-0000-0000-0000-000000000000)';
    expect(failingView(new ClickHouseError({ message, code: '395', type: 'X' }))).toBe('crm.sales_v1_feed');
  });
});
