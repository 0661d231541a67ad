import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Warehouse } from '#warehouse/warehouse';

const LONG = 'SELECT sum(cityHash64(number)) FROM numbers(1000000000000)';

/** What every warehouse promises, whichever engine is behind it. */
export const warehouseContract = (name: string, open: () => Promise<Warehouse>): void =>
  describe(name, () => {
    const database = `contract_${randomUUID().slice(0, 8)}`;
    const table = (own: string) => `${database}.${own}`;
    let warehouse: Warehouse;
    const count = async (of: string) =>
      (await warehouse.rows<{ n: number }>(`SELECT count() AS n FROM ${table(of)}`))[0]?.n;

    beforeAll(async () => {
      warehouse = await open();
      await warehouse.command(`CREATE DATABASE ${database}`);
      await warehouse.command(
        `CREATE TABLE ${table('facts')} (id UInt64, at DateTime64(3, 'UTC'), amount Decimal(18, 4))
         ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1`,
      );
      await warehouse.command(
        `CREATE TABLE ${table('sums')} (id UInt64, amount Decimal(38, 4))
         ENGINE = SummingMergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 1000`,
      );
      await warehouse.command(
        `CREATE MATERIALIZED VIEW ${table('to_sums')} TO ${table('sums')} AS SELECT id % 10 AS id, amount FROM ${table('facts')}`,
      );
      await warehouse.command(`CREATE TABLE ${table('plain')} (id UInt64) ENGINE = MergeTree ORDER BY id`);
    });

    afterAll(async () => {
      await warehouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
      await warehouse.close();
    });

    describe('answers', () => {
      it('64-bit integers as numbers, decimals as strings, instants in UTC', async () => {
        const [row] = await warehouse.rows(
          `SELECT toUInt64(9007199254740991) AS n, toDecimal64('0.1', 4) AS d, [toInt64(-1)] AS list, NULL AS nothing,
             toDateTime64('2024-05-01 10:00:00.123', 3, 'UTC') AS at, toDate(toDateTime(0)) AS day, map('a', 1) AS m`,
        );
        expect(row).toEqual({
          n: 9007199254740991,
          d: '0.1',
          list: [-1],
          nothing: null,
          at: '2024-05-01 10:00:00.123',
          day: '1970-01-01',
          m: { a: 1 },
        });
      });

      it('no rows at all, and many', async () => {
        expect(await warehouse.rows('SELECT 1 AS one WHERE 0')).toEqual([]);
        const rows = await warehouse.rows<{ n: number; text: string }>(
          "SELECT number AS n, repeat('x', 50) AS text FROM numbers(300000)",
        );
        expect(rows).toHaveLength(300_000);
        expect(rows.reduce((sum, { n }) => sum + n, 0)).toBe((299_999 * 300_000) / 2);
      });

      it('many questions at once, on one connection and on several', async () => {
        const others = await Promise.all([warehouse.connect(), warehouse.connect()]);
        const answers = await Promise.all(
          Array.from({ length: 60 }, (_, i) =>
            [warehouse, ...others][i % 3]!.rows<{ i: number }>(
              'SELECT {i:UInt32} AS i, sleepEachRow(0.001)',
              {
                i,
              },
            ),
          ),
        );
        expect(answers.map(([row]) => row?.i)).toEqual(Array.from({ length: 60 }, (_, i) => i));
        for (const other of others) await other.close();
      });
    });

    describe('parameters', () => {
      it.each<[string, string, unknown]>([
        ['a text of quotes', 'String', `'; DROP TABLE facts; -- \\ "{x}" \\' \\\\`],
        ['a text of blanks and signs', 'String', 'a\tb\nc\r\0d é 𝄞 \u2028 %20 + & ='],
        ['an empty text', 'String', ''],
        ['nothing', 'Nullable(String)', null],
        ['a number', 'Int64', -42],
        ['a list', 'Array(String)', ["it's", 'a\\b', 'c\nd', '']],
        ['a long text', 'String', 'ä'.repeat(60_000)],
      ])('brings %s as it is', async (_what, type, value) => {
        expect(await warehouse.rows(`SELECT {v:${type}} AS v`, { v: value })).toEqual([{ v: value }]);
      });

      it('keeps those of one question from another', async () => {
        await warehouse.rows('SELECT {a:String}', { a: 'x' });
        await expect(warehouse.rows('SELECT {a:String}')).rejects.toThrow(/456|not set/);
      });

      it('names a table', async () => {
        expect(
          await warehouse.rows(`SELECT count() AS n FROM ${database}.{t:Identifier}`, { t: 'plain' }),
        ).toEqual([{ n: 0 }]);
      });
    });

    describe('inserts', () => {
      const line = (id: number) =>
        `{"id":${id},"at":"2024-05-01T12:00:00.5+02:00","amount":"12.3400","more":1}\n`;
      const settings = {
        deduplicate_blocks_in_dependent_materialized_views: 1,
        input_format_skip_unknown_fields: 1,
      };

      it('once per deduplication token, in the table and in its view; and the token does not stay', async () => {
        const withToken = { ...settings, insert_deduplication_token: 'a' };
        for (let i = 0; i < 3; i++)
          await warehouse.insertLines(table('facts'), Buffer.from(line(1)), withToken);
        expect(await count('facts')).toBe(1);
        await warehouse.insertLines(table('facts'), line(2), settings);
        await warehouse.insertLines(table('facts'), line(3), {
          ...settings,
          insert_deduplication_token: 'b',
        });
        expect(await warehouse.rows(`SELECT id, at, amount FROM ${table('facts')} ORDER BY id`)).toEqual(
          [1, 2, 3].map((id) => ({ id, at: '2024-05-01 10:00:00.500', amount: '12.34' })),
        );
        expect(
          await warehouse.rows(
            `SELECT id, sum(amount) AS amount FROM ${table('sums')} GROUP BY id ORDER BY id`,
          ),
        ).toEqual([1, 2, 3].map((id) => ({ id, amount: '12.34' })));
      });

      it('the same rows as often as they come, where no block is known again', async () => {
        await warehouse.insertLines(table('plain'), '{"id":1}\n', { insert_deduplication_token: 'x' });
        await warehouse.insertLines(table('plain'), '{"id":1}\n');
        await warehouse.insertLines(table('plain'), '{"id":1}\n');
        expect(await count('plain')).toBe(3);
        await warehouse.command(
          `INSERT INTO ${table('plain')} SETTINGS insert_deduplication_token = 'y' VALUES (1)`,
        );
        await warehouse.command(`INSERT INTO ${table('plain')} VALUES (1), (2)`);
        expect(await count('plain')).toBe(6);
        await warehouse.command(`TRUNCATE TABLE ${table('plain')}`);
      });

      it('16 MB at once, several at a time', async () => {
        const batch = (from: number) =>
          Buffer.from(
            Array.from(
              { length: 200_000 },
              (_, i) => `{"id":${from + i},"filler":"${'x'.repeat(60)}"}\n`,
            ).join(''),
          );
        const batches = [0, 1, 2].map((i) => batch(i * 200_000));
        expect(batches[0]!.length).toBeGreaterThan(16_000_000);
        await Promise.all(
          batches.map((rows) =>
            warehouse.insertLines(table('plain'), rows, { input_format_skip_unknown_fields: 1 }),
          ),
        );
        expect(await warehouse.rows(`SELECT count() AS n, max(id) AS most FROM ${table('plain')}`)).toEqual([
          { n: 600_000, most: 599_999 },
        ]);
        await warehouse.command(`TRUNCATE TABLE ${table('plain')}`);
      });

      it('nothing of a batch with a bad line, and says where it is', async () => {
        await expect(warehouse.insertLines(table('plain'), '{"id":7}\n{"id":"x"}\n')).rejects.toThrow(
          /row 2/,
        );
        expect(await count('plain')).toBe(0);
        await warehouse.insertLines(table('plain'), '{"id":7}\n');
        expect(await count('plain')).toBe(1);
      });

      it('rows as nothing but rows, also behind a blank line', async () => {
        await warehouse.command(`TRUNCATE TABLE ${table('plain')}`);
        const lines = `\n\n{"id":1}\n\n{"id":2\n \r\n}\n\nDROP TABLE ${table('plain')}\n`;
        await expect(warehouse.insertLines(table('plain'), lines)).rejects.toThrow();
        expect(await count('plain')).toBe(0);
        await warehouse.insertLines(table('plain'), lines.slice(0, lines.indexOf('DROP')));
        expect(await count('plain')).toBe(2);
      });

      it('nothing, of nothing', async () => {
        const before = await count('plain');
        await warehouse.insertLines(table('plain'), '');
        expect(await count('plain')).toBe(before);
      });
    });

    describe('failures', () => {
      it.each([
        ['an unknown table', 'SELECT * FROM nowhere.nothing', [60, 81]],
        ['no SQL', 'SELEKT 1', [62]],
        ['an unknown column', 'SELECT nothing FROM system.one', [47]],
      ])('tells %s by its number', async (_what, sql, codes) => {
        const error = await warehouse.rows(sql).catch((failure: unknown) => failure);
        const { clickhouseCode, code } = error as { clickhouseCode?: number; code?: string };
        expect(codes).toContain(Number(clickhouseCode ?? code));
      });

      it('in the middle of an answer fail the question, and leave nothing to the next one', async () => {
        const failing = (last: number) =>
          `SELECT number, throwIf(number = ${last}, 'in the middle') AS t FROM numbers(${last + 1}) SETTINGS max_block_size = 1000`;
        for (const last of [10, 300_000]) {
          const failed = expect(warehouse.rows(failing(last))).rejects.toThrow(/in the middle/);
          expect(await warehouse.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
          await failed;
          expect(await warehouse.rows('SELECT 2 AS two')).toEqual([{ two: 2 }]);
        }
      });

      it('of a question that needs too much memory do not harm others', async () => {
        const greedy = `SELECT length(groupArray(number)) AS n FROM numbers(1000000000) SETTINGS max_memory_usage = 100000000`;
        await expect(warehouse.rows(greedy)).rejects.toThrow(/memory/i);
        expect(await warehouse.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      });
    });

    it('ends a question that somebody kills, and answers others meanwhile', async () => {
      const other = await warehouse.connect();
      const tag = randomUUID();
      const ended = expect(warehouse.rows(`${LONG} WHERE '${tag}' != ''`)).rejects.toThrow(
        /cancelled|killed/i,
      );
      expect(await other.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      const running = `query LIKE '%${tag}%' AND query NOT LIKE '%system.processes%' AND query NOT LIKE 'KILL%'`;
      const deadline = Date.now() + 10_000;
      for (let found = 0; found === 0 && Date.now() < deadline; )
        found = (await other.rows(`SELECT 1 FROM system.processes WHERE ${running}`)).length;
      await other.command(`KILL QUERY WHERE ${running} ASYNC`);
      await ended;
      await other.close();
    });

    it('reads only on a connection for reading, and keeps its limits', async () => {
      const reader = await warehouse.connectReadOnly({ database, settings: { max_result_rows: 10 } });
      expect(await reader.rows('SELECT count() AS n FROM facts')).toEqual([{ n: await count('facts') }]);
      for (const sql of [
        'INSERT INTO plain VALUES (1)',
        'DROP TABLE plain',
        'CREATE TABLE more (a Int8) ENGINE = Memory',
        'SET readonly = 0',
        'SELECT number FROM numbers(100000)',
        'SELECT 1 SETTINGS max_result_rows = 0',
      ])
        await expect(reader.command(sql)).rejects.toThrow();
      await reader.close();
      await warehouse.command(`INSERT INTO ${table('plain')} VALUES (8)`);
    });
  });
