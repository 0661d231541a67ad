import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startWarehouseProcess, type WarehouseProcess } from './warehouse-process.js';

const LONG = 'SELECT sum(cityHash64(number)) AS n FROM numbers(1000000000000)';
const PASSWORD = 'open sesame: ä';

/** What others bring along: ClickHouse's own client, as it is, and HTTP as curl speaks it. */
describe('the warehouse as a process answers', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  const log = { level: ClickHouseLogLevel.OFF };
  let server: WarehouseProcess;
  let client: ClickHouseClient;

  const clientOf = (options: Parameters<typeof createClient>[0] = {}) =>
    createClient({ url: server.url, username: 'default', password: PASSWORD, log, ...options });
  const get = (query: Record<string, string>, init: RequestInit = {}) =>
    fetch(`${server.url}/?${new URLSearchParams({ password: PASSWORD, ...query })}`, init);
  const post = (query: Record<string, string>, body: string | Buffer, headers: Record<string, string> = {}) =>
    get(query, { method: 'POST', body, headers });
  const count = async (table: string) =>
    (
      await (
        await client.query({ query: `SELECT count()::UInt32 AS n FROM ${table}`, format: 'JSONEachRow' })
      ).json<{ n: number }>()
    )[0]?.n;
  const untilRunning = async (id: string, expected: boolean) => {
    const query = `SELECT count()::UInt32 AS n FROM system.processes WHERE position(Settings['log_comment'], '${id}') > 0`;
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
      const [row] = await (await client.query({ query, format: 'JSONEachRow' })).json<{ n: number }>();
      // This question itself carries no such id.
      if (row && row.n > 0 === expected) return;
    }
    throw new Error(`${id} ${expected ? 'never ran' : 'still runs'}`);
  };

  beforeAll(async () => {
    server = await startWarehouseProcess(dir, { env: { CLICKHOUSE_PASSWORD: PASSWORD } });
    client = clientOf();
    await client.command({
      query: 'CREATE TABLE t (id UInt64, name String, tags Array(String)) ENGINE = MergeTree ORDER BY id',
    });
  });
  afterAll(async () => {
    await client.close();
    await server.process.kill('SIGTERM');
    rmSync(dir, { recursive: true });
  });

  describe("ClickHouse's client", () => {
    it('pings', async () => {
      expect(await client.ping()).toEqual({ success: true });
      expect(await client.ping({ select: true })).toEqual({ success: true });
    });

    it('inserts objects, streams of them, CSV and texts', async () => {
      const { summary } = await client.insert({
        table: 't',
        values: [
          { id: 1, name: "it's", tags: ['a', 'b'] },
          { id: 2, name: '', tags: [] },
        ],
        format: 'JSONEachRow',
      });
      expect(summary?.written_rows).toBe('2');
      await client.insert({
        table: 't',
        values: Readable.from(Array.from({ length: 5000 }, (_, i) => ({ id: 10 + i, name: `n${i}` }))),
        format: 'JSONEachRow',
      });
      await client.insert({
        table: 't',
        columns: ['id', 'name'],
        values: Readable.from(['7,"a,b"\n', '8,"c\nd"\n'], { objectMode: false }),
        format: 'CSV',
      });
      await client.insert({ table: 't', values: [['9', 'x', ['y']]], format: 'JSONCompactEachRow' });
      await client.command({ query: "INSERT INTO t (id, name) VALUES (6, 'six; seven'), (5, 'five')" });
      await client.insert({ table: 't', values: [], format: 'JSONEachRow' });
      expect(await count('t')).toBe(5007);
      const rows = await client.query({
        query: 'SELECT id, name, tags FROM t WHERE id < 10 ORDER BY id',
        format: 'JSONCompactEachRow',
      });
      expect(await rows.json()).toEqual([
        [1, "it's", ['a', 'b']],
        [2, '', []],
        [5, 'five', []],
        [6, 'six; seven', []],
        [7, 'a,b', []],
        [8, 'c\nd', []],
        [9, 'x', ['y']],
      ]);
    });

    it('asks in several formats', async () => {
      const query = 'SELECT number AS n, toString(number) AS s FROM numbers(2)';
      const json = await (await client.query({ query })).json<{ n: number }>();
      expect(json).toMatchObject({
        rows: 2,
        data: [
          { n: 0, s: '0' },
          { n: 1, s: '1' },
        ],
      });
      const asText = async (format: 'CSVWithNames' | 'TabSeparated' | 'JSONStringsEachRow') =>
        (await client.query({ query, format })).text();
      expect(await asText('CSVWithNames')).toBe('"n","s"\n0,"0"\n1,"1"\n');
      expect(await asText('TabSeparated')).toBe('0\t0\n1\t1\n');
      expect(await asText('JSONStringsEachRow')).toBe('{"n":"0","s":"0"}\n{"n":"1","s":"1"}\n');
    });

    it('takes a long answer as a stream, as slowly as it likes', async () => {
      const result = await client.query({
        query: 'SELECT number::UInt32 AS n FROM numbers(500000)',
        format: 'JSONEachRow',
      });
      let [rows, sum] = [0, 0];
      for await (const chunk of result.stream<{ n: number }>()) {
        for (const row of chunk) sum += row.json<{ n: number }>().n;
        rows += chunk.length;
        await new Promise(setImmediate);
      }
      expect([rows, sum]).toEqual([500_000, (499_999 * 500_000) / 2]);
    });

    it('compresses both ways', async () => {
      const packed = clientOf({ compression: { request: true, response: true } });
      const values = Array.from({ length: 2000 }, (_, i) => ({ id: i, name: 'packed' }));
      await packed.command({ query: 'CREATE TABLE packed (id UInt64, name String) ENGINE = Memory' });
      await packed.insert({ table: 'packed', values, format: 'JSONEachRow' });
      const result = await packed.query({
        query: 'SELECT id::UInt32 AS id, name FROM packed ORDER BY id',
        format: 'JSONEachRow',
      });
      expect(result.response_headers['content-encoding']).toBe('gzip');
      expect(await result.json()).toEqual(values);
      await expect(packed.query({ query: 'SELECT * FROM nope' })).rejects.toMatchObject({ code: '60' });
      await packed.close();
    });

    it('gives up, and the query ends', async () => {
      const controller = new AbortController();
      const id = randomUUID();
      const asked = client.query({ query: LONG, query_id: id, abort_signal: controller.signal });
      const given = expect(asked).rejects.toThrow(/aborted/);
      await untilRunning(id, true);
      controller.abort();
      await given;
      await untilRunning(id, false);
    });

    it('kills a query by its id, and may use no id twice at once', async () => {
      const id = randomUUID();
      const ended = expect(client.query({ query: LONG, query_id: id })).rejects.toMatchObject({
        code: '394',
      });
      await untilRunning(id, true);
      await expect(client.query({ query: 'SELECT 1', query_id: id })).rejects.toMatchObject({ code: '216' });
      await client.command({ query: 'KILL QUERY WHERE query_id = {id:String}', query_params: { id } });
      await ended;
      expect(await (await client.query({ query: 'SELECT 1', query_id: id, format: 'CSV' })).text()).toBe(
        '1\n',
      );
    });

    it('gets whatever exec is given, as it is', async () => {
      const { stream, query_id } = await client.exec({
        query: 'SELECT 1 AS a FORMAT RowBinaryWithNamesAndTypes',
      });
      expect(query_id).toMatch(/^[0-9a-f-]{36}$/);
      expect((await buffer(stream)).toString('latin1')).toBe('\x01\x01a\x05UInt8\x01');
    });

    it('keeps a session: temporary tables and SET, but no settings of single requests', async () => {
      const session = clientOf({ session_id: randomUUID() });
      await session.command({ query: 'CREATE TEMPORARY TABLE mine (a UInt8)' });
      await session.insert({ table: 'mine', values: [{ a: 1 }], format: 'JSONEachRow' });
      await session.command({ query: 'SET max_block_size = 777' });
      const value = async (settings = {}) =>
        (
          await session.query({
            query: "SELECT getSetting('max_block_size')::UInt32, (SELECT count() FROM mine)::UInt32",
            format: 'CSV',
            clickhouse_settings: settings,
          })
        ).text();
      expect(await value()).toBe('777,1\n');
      expect(await value({ max_block_size: '555' })).toBe('555,1\n');
      expect(await value()).toBe('777,1\n');
      await expect(session.query({ query: 'SELECT * FROM nope' })).rejects.toMatchObject({ code: '60' });
      expect(await value()).toBe('777,1\n');
      await expect(client.query({ query: 'SELECT * FROM mine' })).rejects.toMatchObject({ code: '60' });
      await session.close();
    });

    it('is told what is wrong', async () => {
      await expect(client.query({ query: 'SELECT * FROM nope' })).rejects.toMatchObject({
        code: '60',
        type: 'UNKNOWN_TABLE',
      });
      await expect(client.command({ query: 'SELECT 1; SELECT 2' })).rejects.toMatchObject({ code: '62' });
      await expect(
        client.query({ query: 'SELECT 1', clickhouse_settings: { no_such: 1 } as never }),
      ).rejects.toMatchObject({ code: '115' });
      await expect(client.query({ query: "SELECT 1 INTO OUTFILE '/tmp/x'" })).rejects.toMatchObject({
        code: '48',
      });
      const stranger = clientOf({ password: 'guessed' });
      await expect(stranger.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516' });
      expect(await stranger.ping({ select: true })).toMatchObject({ success: false });
      await stranger.close();
    });

    it('sees a failure in the middle of an answer', async () => {
      for (const response of [false, true]) {
        const one = clientOf({ compression: { response } });
        const failing = (format: 'JSONEachRow' | 'JSON') =>
          one.query({
            query: "SELECT number, throwIf(number = 1000000, 'in the middle') AS t FROM numbers(1000001)",
            format,
          });
        // The client finds the text only when one read brings all of it; otherwise it says that something was wrong.
        const streamed = await failing('JSONEachRow');
        await expect(
          (async () => {
            for await (const _rows of streamed.stream());
          })(),
        ).rejects.toThrow(/in the middle|aborted|error in the stream/);
        await expect((await failing('JSON')).json()).rejects.toThrow();
        await one.close();
      }
    });
  });

  describe('HTTP', () => {
    it('as ClickHouse does', async () => {
      expect(await (await fetch(`${server.url}/ping`)).text()).toBe('Ok.\n');
      expect(await (await fetch(server.url)).text()).toBe('Ok.\n');
      expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
      const answer = await get({ query: 'SELECT 1 AS a', default_format: 'JSONEachRow', query_id: 'mine' });
      expect(await answer.text()).toBe('{"a":1}\n');
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'x-clickhouse-query-id': 'mine',
        'x-clickhouse-format': 'JSONEachRow',
        'x-clickhouse-timezone': expect.any(String),
        'x-clickhouse-server-display-name': expect.any(String),
        'x-clickhouse-summary': expect.stringContaining('"read_rows":"1"'),
      });
      expect(await (await post({ query: 'SELECT 1,' }, '2 FORMAT CSV')).text()).toBe('1,2\n');
      expect(await (await post({}, 'SELECT 1', { 'X-ClickHouse-Format': 'XML' })).text()).toContain('<?xml');
      expect(await (await get({ query: 'SELECT currentDatabase()', database: 'system' })).text()).toBe(
        'system\n',
      );
    });

    it.each([
      ['no SQL', {}, 'SELEC 1', 400, 62],
      ['an unknown table', {}, 'SELECT * FROM nope', 404, 60],
      ['an unknown database', { database: 'nope' }, 'SELECT 1', 404, 81],
      ['a missing parameter', {}, 'SELECT {a:String}', 400, 456],
      ['bad data', { query: 'INSERT INTO t FORMAT CSV' }, 'x', 400, 27],
      ['a wrong password', { password: 'no' }, 'SELECT 1', 403, 516],
      ['a session that is not there', { session_id: 'x', session_check: '1' }, 'SELECT 1', 404, 372],
      ['native compression', { decompress: '1' }, 'SELECT 1', 501, 48],
      ['a role', { role: 'r' }, 'SELECT 1', 404, 511],
      ['a bad value of a setting', { max_threads: 'x' }, 'SELECT 1', 400, 27],
    ])('refuses %s with the status of ClickHouse', async (_what, query, body, status, code) => {
      const answer = await post(query, body);
      expect([answer.status, answer.headers.get('x-clickhouse-exception-code')]).toEqual([
        status,
        String(code),
      ]);
      expect(await answer.text()).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: .+\\n$`, 's'));
    });

    it('nothing that changes anything by GET', async () => {
      for (const settings of [{}, { readonly: '0' }] as Record<string, string>[]) {
        const answer = await get({ query: 'CREATE TABLE x (a UInt8) ENGINE = Memory', ...settings });
        expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('READONLY')]);
      }
    });

    it('a failure in the middle of an answer by a marked text, and by no proper end', async () => {
      const sql =
        "SELECT number, throwIf(number = 1000000, 'in the middle') FROM numbers(1000001) FORMAT CSV";
      const request = httpRequest(`${server.url}/?password=${encodeURIComponent(PASSWORD)}`, {
        method: 'POST',
      });
      request.end(sql);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      let end = '';
      response.on('data', (chunk: Buffer) => {
        end = (end + chunk.toString('latin1')).slice(-2000);
      });
      await expect(finished(response)).rejects.toThrow(/aborted/);
      const tag = response.headers['x-clickhouse-exception-tag'];
      expect(end).toMatch(
        new RegExp(
          `\r\n__exception__\r\n${tag}\r\nCode: 395\\..*in the middle.*\n\\d+ ${tag}\r\n__exception__\r\n$`,
          's',
        ),
      );
    });

    it('rows as nothing but rows, whatever they look like', async () => {
      await post({}, 'CREATE TABLE rows (a String) ENGINE = MergeTree ORDER BY a');
      const nasty = 'x\n\nDROP TABLE rows\n;\nDROP TABLE rows;\n';
      await post({ query: 'INSERT INTO rows FORMAT LineAsString' }, nasty);
      await post({}, `INSERT INTO rows FORMAT LineAsString\n${nasty}`);
      await post({}, "\n-- one\nINSERT INTO rows SETTINGS max_threads = 1 VALUES ('y');");
      expect(await (await post({}, "SELECT count(), countIf(a = 'y') FROM rows")).text()).toBe('11\t1\n');
    });

    it('binary formats byte for byte, both ways', async () => {
      await post({}, 'CREATE TABLE bytes (a UInt32, s String) ENGINE = MergeTree ORDER BY a');
      await post({}, "INSERT INTO bytes SELECT number, unhex('00ff0a0d27') FROM numbers(3000)");
      for (const format of ['Native', 'RowBinary', 'Parquet', 'ArrowStream']) {
        const answer = await post({}, `SELECT * FROM bytes ORDER BY a FORMAT ${format}`);
        const data = Buffer.from(await answer.arrayBuffer());
        await post({}, 'CREATE OR REPLACE TABLE copy (a UInt32, s String) ENGINE = MergeTree ORDER BY a');
        // Half of the clients put the statement before the data, the others into the address.
        const inserted =
          format === 'Native'
            ? await post({}, Buffer.concat([Buffer.from(`INSERT INTO copy FORMAT ${format}\n`), data]))
            : await post({ query: `INSERT INTO copy FORMAT ${format}` }, data);
        expect([format, await inserted.text()]).toEqual([format, '']);
        const same = 'SELECT count(), sum(a), uniqExact(s), any(hex(s)) FROM copy FORMAT CSV';
        expect(await (await post({}, same)).text()).toBe('3000,4498500,1,"00FF0A0D27"\n');
      }
    });

    it('a stranger in nothing, a body that is too long or oddly packed not at all', async () => {
      expect((await fetch(`${server.url}/?query=SELECT+1`)).status).toBe(403);
      const headers = { 'X-ClickHouse-User': 'default', 'X-ClickHouse-Key': encodeURIComponent(PASSWORD) };
      expect((await fetch(`${server.url}/?query=SELECT+1`, { headers })).status).toBe(403);
      expect((await post({}, 'x', { 'Content-Encoding': 'rot13' })).status).toBe(501);
    });
  });

  it('and ends in time although a query runs', async () => {
    const id = randomUUID();
    const asked = text((await client.exec({ query: 'SELECT 1' })).stream);
    const running = expect(client.query({ query: LONG, query_id: id })).rejects.toThrow();
    await asked;
    await untilRunning(id, true);
    const started = Date.now();
    expect(await server.process.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(Date.now() - started).toBeLessThan(10_000);
    await running;
  });
});
