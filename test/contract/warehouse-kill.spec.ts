import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomFrom } from '#statistics/random';
import { openWarehouse, type Warehouse, WarehouseUnavailable } from '#warehouse/warehouse';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

const BATCHES = 24;
const ROWS = 500;
const WRITERS = 3;
const KILLS = 3;
const SEED = 20_240_501;

describe('the warehouse as a process', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  let dir: string;
  let number = 0;
  beforeEach(() => {
    dir = join(root, String(number++));
  });
  const running: WarehouseProcess[] = [];
  const started = async (port = 0) => {
    running.push(await startWarehouseProcess(dir, { port }));
    return running.at(-1)!;
  };
  afterEach(async () => {
    for (const { process } of running.splice(0)) await process.kill('SIGKILL');
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('keeps every acknowledged row once, in the table and in its view, whenever it is killed', async () => {
    const random = randomFrom(SEED);
    let server = await started();
    const port = Number(new URL(server.url).port);
    const warehouse = await openWarehouse({ url: server.url, requestTimeoutMs: 5000 });
    for (const sql of [
      `CREATE TABLE facts (id UInt64) ENGINE = MergeTree ORDER BY id
       SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1`,
      `CREATE TABLE seen (id UInt64) ENGINE = MergeTree ORDER BY id
       SETTINGS non_replicated_deduplication_window = 10000, fsync_after_insert = 1`,
      'CREATE MATERIALIZED VIEW feed TO seen AS SELECT id FROM facts',
    ])
      await warehouse.command(sql);

    let acknowledged = 0;
    let repeated = 0;
    const land = async (batch: number): Promise<void> => {
      const lines = Array.from({ length: ROWS }, (_, i) => `{"id":${batch * ROWS + i}}\n`).join('');
      for (;;) {
        try {
          await warehouse.insertLines('facts', lines, {
            insert_deduplication_token: `batch-${batch}`,
            deduplicate_blocks_in_dependent_materialized_views: 1,
          });
          acknowledged += 1;
          return;
        } catch (error) {
          // Whether it took effect is not known: it is sent again under its token.
          if (!(error instanceof WarehouseUnavailable)) throw error;
          repeated += 1;
          await delay(20);
        }
      }
    };
    const queue = Array.from({ length: BATCHES }, (_, batch) => batch);
    const writers = Array.from({ length: WRITERS }, async () => {
      for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) await land(batch);
    });
    const written = Promise.all(writers);
    written.catch(() => {});

    for (let kill = 1; kill <= KILLS; kill++) {
      const from = Math.floor(((kill - 0.5 + random.uniform() / 2) * BATCHES) / (KILLS + 1));
      for (const deadline = Date.now() + 20_000; acknowledged < from && Date.now() < deadline; )
        await delay(1);
      await delay(random.uniform() * 30); // anywhere in an insert
      await server.process.kill('SIGKILL');
      server = await started(port);
    }
    await written;
    expect(acknowledged).toBe(BATCHES);
    expect(repeated).toBeGreaterThan(0);
    for (const table of ['facts', 'seen'])
      expect([table, await once(warehouse, table)]).toEqual([
        table,
        { n: BATCHES * ROWS, distinct: BATCHES * ROWS },
      ]);
    await warehouse.close();
    await server.process.kill('SIGTERM');
  }, 120_000);

  it('takes an insert again of which it was killed between the token and the name of the part', async () => {
    let server = await started();
    const port = Number(new URL(server.url).port);
    const warehouse = await openWarehouse({ url: server.url });
    await warehouse.command(
      'CREATE TABLE facts (id UInt64) ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100',
    );
    const insert = () =>
      warehouse.insertLines('facts', '{"id":1}\n', { insert_deduplication_token: 'batch' });
    await insert();
    const [part] = await warehouse.rows<{ path: string }>(
      `SELECT path FROM system.parts WHERE table = 'facts'`,
    );
    await server.process.kill('SIGKILL');
    // The engine makes a part under this name, writes the token, and gives the part its own.
    renameSync(part!.path, join(dirname(part!.path), `tmp_insert_${basename(part!.path)}`));
    server = await started(port);
    expect(await once(warehouse, 'facts')).toEqual({ n: 0, distinct: 0 });
    await insert();
    await insert();
    expect(await once(warehouse, 'facts')).toEqual({ n: 1, distinct: 1 });
    await warehouse.close();
  });

  it('refuses a directory that another process has, by its name', async () => {
    const first = await started();
    await expect(startWarehouseProcess(dir)).rejects.toThrow(
      new RegExp(`in use by process ${first.process.pid}.*${first.url}`),
    );
    expect(await first.process.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  it('is asked for a password before it listens to others than this machine', async () => {
    await expect(startWarehouseProcess(dir, { args: ['--host', '0.0.0.0'] })).rejects.toThrow(
      /CLICKHOUSE_PASSWORD/,
    );
  });

  it('is unavailable when it is not there', async () => {
    const server = await started();
    const warehouse = await openWarehouse({ url: server.url });
    expect(await warehouse.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.process.kill('SIGTERM');
    const unavailable = { kind: 'unavailable', code: 'warehouse-unavailable' };
    await expect(warehouse.rows('SELECT 1')).rejects.toMatchObject(unavailable);
    await expect(warehouse.command('SELECT 1')).rejects.toMatchObject(unavailable);
    await expect(warehouse.insertLines('facts', '{"id":1}\n')).rejects.toMatchObject(unavailable);
    await warehouse.close();
  });

  it('is unavailable when it does not answer in time', async () => {
    const server = await started();
    const warehouse = await openWarehouse({ url: server.url, requestTimeoutMs: 1500 });
    await warehouse.rows('SELECT 1');
    process.kill(server.process.pid, 'SIGSTOP');
    await expect(warehouse.rows('SELECT 1')).rejects.toThrow(WarehouseUnavailable);
    process.kill(server.process.pid, 'SIGCONT');
    // A long statement is not the same as a silent server.
    expect(await warehouse.rows('SELECT sleep(2.5) AS slept')).toEqual([{ slept: 0 }]);
    await warehouse.close();
    await server.process.kill('SIGTERM');
  });
});

const once = async (warehouse: Warehouse, table: string) =>
  (await warehouse.rows(`SELECT count() AS n, uniqExact(id) AS distinct FROM ${table}`))[0];
