import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

const ROWS = 2000;

/** From now on every write of the process beyond these bytes of a file fails, as on a full disk. */
const refuseWrites = (pid: number, bytes: number) =>
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);

const limits = process.platform === 'linux' ? describe : describe.skip; // elsewhere nobody sets limits of others

limits('the warehouse as a process, on a disk that refuses a write', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  let dir: string;
  let number = 0;
  let server: WarehouseProcess;
  let warehouse: Warehouse;
  const start = async () => {
    server = await startWarehouseProcess(dir);
    warehouse = await openWarehouse({ url: server.url });
  };
  const stop = async () => {
    await warehouse.close();
    await server.process.kill('SIGKILL');
  };
  beforeEach(async () => {
    dir = join(root, String(number++));
    await start();
    await warehouse.command(
      `CREATE TABLE facts (id UInt64, text String) ENGINE = MergeTree ORDER BY id
       SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1, old_parts_lifetime = 480`,
    );
  });
  afterEach(stop);
  afterAll(() => rmSync(root, { recursive: true }));

  const insert = (batch: number) =>
    warehouse.client.command({
      query: `INSERT INTO facts SELECT ${batch * ROWS} + number, randomPrintableASCII(100) FROM numbers(${ROWS})`,
      clickhouse_settings: { insert_deduplication_token: `batch-${batch}` },
    });
  const ids = () =>
    warehouse.rows('SELECT count() AS rows, uniqExact(id) AS ids, max(length(text)) AS longest FROM facts');
  const told = async (path: string) => (await fetch(`${server.url}${path}`)).text();
  const ready = () => told('/health/ready');
  const brokenParts = async () => /^perennial_broken_parts .*$/m.exec(await told('/metrics'))?.[0];
  const sound = (rows: number) => [{ rows, ids: rows, longest: 100 }];

  it('does not acknowledge the insert and ends; the same insert is taken after the next start', async () => {
    await insert(0);
    refuseWrites(server.process.pid, 50_000);
    await expect(insert(1)).rejects.toThrow();
    expect(await server.process.exited).toEqual({ code: 1, signal: null });
    expect(server.process.stderr).toContain('The disk refused a write');

    await stop();
    await start();
    expect(server.process.stderr).toContain('broken-on-start_all_2_2_0');
    expect(await brokenParts()).toBe('perennial_broken_parts 1');
    expect(await ready()).toMatch(/^Ok\.\nDegraded: 1 parts? of tables/);
    expect(await ids()).toEqual(sound(ROWS));
    await insert(1);
    expect(await ids()).toEqual(sound(2 * ROWS));
    await stop();
    await start(); // the name of the part that was laid aside was given again: its token stays
    await insert(1);
    expect(await ids()).toEqual(sound(2 * ROWS));

    await warehouse.command(
      `ALTER TABLE facts DROP DETACHED PART 'broken-on-start_all_2_2_0' SETTINGS allow_drop_detached = 1`,
    );
    expect(await brokenParts()).toBe('perennial_broken_parts 0');
    expect(await ready()).toBe('Ok.\n');
  });

  it('ends after a merge, and goes on with the parts that were merged', async () => {
    await insert(0);
    await insert(1);
    refuseWrites(server.process.pid, 300_000);
    await warehouse.command('OPTIMIZE TABLE facts FINAL').catch(() => {});
    expect(await server.process.exited).toEqual({ code: 1, signal: null });

    await stop();
    await start();
    expect(server.process.stderr).toContain('broken-on-start_all_1_2_1');
    expect(await ids()).toEqual(sound(2 * ROWS));
  });

  it('goes on when somebody stops listening to an answer', async () => {
    const { stream } = await warehouse.client.exec({ query: 'SELECT * FROM numbers(100000000)' });
    stream.destroy();
    await insert(0);
    expect(await ids()).toEqual(sound(ROWS));
  });
});

limits('the warehouse in the process, on a disk that refuses a write', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  const started: TsProcess[] = [];
  afterAll(async () => {
    for (const child of started) await child.kill('SIGKILL');
    rmSync(dir, { recursive: true });
  });

  it('does not acknowledge the insert; the same insert is taken after the next start', async () => {
    const start = async () => {
      const child = runTs('test/contract/warehouse-refused-write.child.ts', [dir, String(ROWS)]);
      started.push(child);
      await child.waitForLine(/^open$/);
      return child;
    };
    const first = await start();
    first.send('0');
    await first.waitForLine(/^inserted, 2000 rows$/);
    refuseWrites(first.pid, 20_000);
    first.send('1');
    expect((await first.exited).code).toBe(1);
    expect(first.stderr).toContain('The disk refused a write');

    const second = await start();
    second.send('1');
    await second.waitForLine(/^inserted, 4000 rows$/);
  });
});
