import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '#test/support/process-stores';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

const PASSWORD = 'not for whoever only looks';
const PLACES = 2;

describe('the metrics of the warehouse as a process', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let server: WarehouseProcess;
  let warehouse: Warehouse;

  beforeAll(async () => {
    server = await startWarehouseProcess(dir, {
      // Two threads are left for others.
      env: { CLICKHOUSE_PASSWORD: PASSWORD, UV_THREADPOOL_SIZE: String(PLACES + 2) },
    });
    warehouse = await openWarehouse({ url: server.url, password: PASSWORD });
  });
  afterAll(async () => {
    await warehouse?.close();
    await server?.process.kill();
    rmSync(dir, { recursive: true });
  });

  const metrics = async () => (await fetch(`${server.url}/metrics`)).text();
  const value = async (line: string) =>
    Number(
      (await metrics())
        .split('\n')
        .find((each) => each.startsWith(`${line} `))
        ?.slice(line.length),
    );
  const ended = (kind: string, outcome: string) =>
    value(`perennial_query_duration_seconds_count{kind="${kind}",outcome="${outcome}"}`);

  it('are there without a password, for Prometheus', async () => {
    expect((await fetch(`${server.url}/?query=SELECT%201`)).status).toBe(403);
    const response = await fetch(`${server.url}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await response.text();
    for (const line of [
      /^perennial_build_info\{application="warehouse",version="\S+"\} 1$/m,
      /^process_resident_memory_bytes [1-9]/m,
      /^perennial_broken_parts 0$/m,
      /^perennial_disk_refusals_total\{of="insert"\} 0$/m,
      /^perennial_disk_refusals_total\{of="write"\} 0$/m,
    ])
      expect(text).toMatch(line);
  });

  it('tell how queries ended, by what they do', async () => {
    // Whoever connects asks for the server's version, too.
    await warehouse.command('CREATE TABLE facts (id UInt64) ENGINE = MergeTree ORDER BY id');
    const asked = await ended('reading', 'finished');
    await warehouse.insertLines('facts', '{"id":1}\n');
    await warehouse.insertLines('facts', '{"id":2}\n');
    await expect(warehouse.insertLines('facts', '{"id":"two"}\n')).rejects.toThrow();
    await expect(warehouse.rows('SELECT no_such_column FROM facts')).rejects.toThrow();
    await warehouse.rows('SELECT sleep(0.3)');
    expect(await ended('reading', 'finished')).toBe(asked + 1);
    expect(await ended('insert', 'finished')).toBe(2);
    expect(await ended('insert', 'failed')).toBe(1);
    expect(await ended('other', 'finished')).toBe(1);
    expect(await ended('reading', 'failed')).toBe(1);
    const sum = 'perennial_query_duration_seconds_sum{kind="reading",outcome="finished"}';
    expect(await value(sum)).toBeGreaterThan(0.3);
  });

  it('tell how many run and wait, and who has not waited for an answer', async () => {
    const leave = new AbortController();
    const long = Array.from({ length: PLACES + 1 }, () =>
      warehouse.client
        .query({
          query: 'SELECT sum(sipHash64(number)) FROM numbers(1000000000000)',
          abort_signal: leave.signal,
        })
        .catch(() => {}),
    );
    await until('one waits', async () => (await value('perennial_queries_waiting')) === 1);
    expect(await value('perennial_queries_running')).toBe(PLACES);
    leave.abort();
    await Promise.all(long);
    await until('all are given up', async () => (await ended('reading', 'abandoned')) === PLACES + 1, 20_000);
    expect(await value('perennial_queries_running')).toBe(0);
    expect(await value('perennial_queries_waiting')).toBe(0);
  });
});
