import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openWarehouse, type Warehouse } from './warehouse.js';

const ROWS = 10;

describe('an insert that is sent again after the next start', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  let dir: string;
  let number = 0;
  let warehouse: Warehouse;

  beforeEach(async () => {
    dir = join(root, String(number++));
    warehouse = await openWarehouse({ dir });
    for (const table of ['facts', 'seen'])
      await warehouse.command(
        `CREATE TABLE ${table} (id UInt64, text String, month UInt8 DEFAULT id % 2) ENGINE = MergeTree PARTITION BY month
         ORDER BY id SETTINGS non_replicated_deduplication_window = 100, old_parts_lifetime = 480`,
      );
    await warehouse.command('CREATE MATERIALIZED VIEW feed TO seen AS SELECT id FROM facts');
  });
  afterEach(() => warehouse.close());
  afterAll(() => rmSync(root, { recursive: true }));

  const insert = async (...batches: readonly number[]) => {
    for (const batch of batches)
      await warehouse.insertLines(
        'facts',
        Array.from({ length: ROWS }, (_, i) => `{"id":${batch * ROWS + i}}\n`).join(''),
        {
          insert_deduplication_token: `batch-${batch}`,
          deduplicate_blocks_in_dependent_materialized_views: 1,
        },
      );
  };
  const ids = async (table: string) =>
    (await warehouse.rows(`SELECT count() AS rows, uniqExact(id) AS ids FROM ${table}`))[0];
  const once = (batches: number) => ({ rows: batches * ROWS, ids: batches * ROWS });
  const parts = async (table: string) =>
    (
      await warehouse.rows<{ path: string }>(
        `SELECT path FROM system.parts WHERE table = '${table}' AND active ORDER BY max_block_number, path`,
      )
    ).map(({ path }) => path);
  const restart = async (meanwhile = () => {}) => {
    await warehouse.close();
    meanwhile();
    warehouse = await openWarehouse({ dir });
  };
  /** As a kill leaves it that comes after the token was written, and before the part got its name. */
  const takeName = (part: string) => () =>
    renameSync(part, join(dirname(part), `tmp_insert_${basename(part)}`));

  it.each(['facts', 'seen'])('is taken by %s, whose part had not got its name yet', async (table) => {
    await insert(0, 1, 2, 3);
    const last = (await parts(table)).at(-1);
    await restart(takeName(last!));
    expect(await ids(table)).toEqual({ rows: 4 * ROWS - ROWS / 2, ids: 4 * ROWS - ROWS / 2 });
    await insert(3);
    expect(await ids(table)).toEqual(once(4));
    await restart();
    await insert(3);
    expect(await ids(table)).toEqual(once(4));
  });

  it('is taken when its part is laid aside among others, which are merged at once', async () => {
    await warehouse.command('SYSTEM STOP MERGES facts');
    const many = Array.from({ length: 20 }, (_, batch) => batch);
    await insert(...many);
    const broken = (await parts('facts')).filter((part) => /_21_21_0|_22_22_0/.test(part));
    expect(broken).toHaveLength(2);
    await restart(() => {
      for (const part of broken) truncateSync(join(part, 'data.bin'));
    });
    expect(await ids('facts')).toEqual(once(19));
    await insert(...many);
    for (const table of ['facts', 'seen']) expect(await ids(table)).toEqual(once(20));
  });

  it.each([
    ['no more than its operation', '1'],
    ['half of the name of its part', '1\tall_4'],
    ['half of its token', '1\t0_7_7_0\tall_12345'],
  ])('is known as ever when the last line of the log is torn: %s', async (_, torn) => {
    await insert(0, 1, 2);
    const logs = join(dirname((await parts('facts'))[0]!), 'deduplication_logs');
    const [log] = readdirSync(logs);
    await restart(() => appendFileSync(join(logs, log!), torn));
    await insert(2, 3);
    await restart();
    await insert(0, 1, 2, 3, 4);
    for (const table of ['facts', 'seen']) expect(await ids(table)).toEqual(once(5));
  });

  it('is passed over when its rows are in a part that was merged, or changed, since', async () => {
    await insert(0, 1, 2);
    await warehouse.command('OPTIMIZE TABLE facts FINAL');
    await warehouse.command("ALTER TABLE facts UPDATE text = 'changed' WHERE 1 SETTINGS mutations_sync = 2");
    expect((await parts('facts')).map((part) => basename(part))).toEqual(['0_1_5_1_7', '1_2_6_1_7']);
    await restart();
    await insert(0, 1, 2, 3);
    for (const table of ['facts', 'seen']) expect(await ids(table)).toEqual(once(4));
  });
});
