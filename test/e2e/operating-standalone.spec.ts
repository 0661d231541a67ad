import { mkdtempSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { ClearTextScanner } from '#test/support/clear-text';
import { removeFolder, until } from '#test/support/process-stores';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { partsLaidAside } from '#warehouse/broken-parts';
import { openWarehouse } from '#warehouse/warehouse';
import { Collector } from './operating-collector.js';
import { API_KEY, call, PurchaseLoad, purchase } from './operating-load.js';
import { linesOf, MARKERS } from './personal-data-people.js';

// The single process, as those who run it see it. The tests build on each other; the distributed set has its own.

/** A deadline only: machines that have much else to do are slow to start processes. */
jest.setTimeout(240_000);
const SLOW_MS = 60_000;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';

describe('the single process in operation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perennial-'));
  const logged: string[] = [];
  let collector: Collector;
  let server: TsProcess;
  let url: string;

  beforeAll(async () => {
    collector = await Collector.start();
    await start();
  });
  const start = async () => {
    server = runTs('apps/standalone/main.ts', ['--port', '0', '--data', folder], {
      env: {
        PERENNIAL_API_KEYS: `operator:${API_KEY}`,
        PERENNIAL_HOST: '127.0.0.1',
        PERENNIAL_LOG_LEVEL: 'trace',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_SAMPLER_ARG: '0',
        OTEL_BSP_SCHEDULE_DELAY: '100',
      },
    });
    server.child.stderr!.on('data', (text: string) => logged.push(text));
    const line = await server.waitForLine(/answers at/, { timeoutMs: 200_000 });
    url = /http:[^;]*/.exec(line)![0];
  };
  afterAll(async () => {
    await server?.kill();
    await collector?.stop();
    removeFolder(folder);
  });

  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    call(`${url}${path}`, {
      method: 'POST',
      body,
      type: path === '/v1/commands' ? 'application/x-ndjson' : 'application/json',
      headers,
    });

  it('makes one trace from the request to the landed row, and none that nobody asked for', async () => {
    const parent = `00-${TRACE}-${CALLER}-01`;
    await post('/v1/purchases', JSON.stringify(purchase('plain')));
    await post('/v1/purchases', JSON.stringify(purchase('traced')), { traceparent: parent });
    const names = ['POST /v1/purchases', 'append', 'land'];
    await until('the trace is complete', () => collector.chain(TRACE, names) !== undefined, SLOW_MS);
    expect(collector.chain(TRACE, names)![0]!.parentSpanId).toBe(CALLER);
    expect(collector.spans.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, TRACE]);
  });

  it('counts what becomes of commands, by nothing that grows with the customers', async () => {
    expect((await post('/v1/purchases', '{}')).status).toBe(422);
    await post('/v1/commands', '{"type":"MakeCoffee","data":{}}\n');
    const { body } = await call(`${url}/metrics`);
    for (const line of [
      'perennial_commands_total{type="RecordPurchase",outcome="accepted"} 2',
      'perennial_commands_total{type="RecordPurchase",outcome="validation-failed"} 1',
      'perennial_commands_total{type="unknown",outcome="unknown-command"} 1',
      'perennial_append_duration_seconds_count{outcome="appended"} 2',
    ])
      expect(body).toContain(line);
    expect(body).not.toMatch(/traced|plain"|customer-|MakeCoffee/);
  });

  it('ends under load in time and in order, and whoever was not answered need not wonder', async () => {
    const people = Array.from({ length: 5 }, (_, number) => linesOf(number)).flat();
    await post('/v1/commands', people.map((line) => JSON.stringify(line)).join('\n'));
    const load = new PurchaseLoad(url, { single: 6, batch: 2 });
    await until('the load is under way', () => load.accepted.length > 200, SLOW_MS);
    const began = performance.now();
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    // Ten seconds are promised, on a machine that is not busy with anything else.
    expect(performance.now() - began).toBeLessThan(20_000);
    await load.ended;
    const store = new SqliteEventStore(join(folder, 'events.db'));
    const events = new Map<string, number>();
    for await (const { stream } of store.readAll()) events.set(stream, (events.get(stream) ?? 0) + 1);
    await store.close();
    const inStore = ({ orderId }: { orderId: string }) => events.get(`purchase-${orderId}`) ?? 0;
    expect(load.accepted.filter((sent) => inStore(sent) !== 1)).toEqual([]);
    expect(load.sent.filter((sent) => sent.answer !== 'accepted' && inStore(sent) > 0)).toEqual([]);
  });

  it('says that it found a part of a table broken, and what to do, and goes on', async () => {
    await breakPart(join(folder, 'warehouse'), 'purchases_v1');
    await start();
    const ready = await call(`${url}/health/ready`);
    expect([ready.status, JSON.parse(ready.body)]).toEqual([
      200,
      { status: 'ready', degraded: [expect.stringMatching(/^tables: 1 parts of tables were found broken/)] },
    ]);
    expect((await call(`${url}/metrics`)).body).toMatch(/^perennial_broken_parts 1$/m);
    const verified = runTs('apps/cli/main.ts', ['verify', '--url', url], {
      env: { PERENNIAL_API_KEY: API_KEY },
    });
    expect((await verified.exited).code).toBe(0);
    expect(verified.lines.join('\n')).toMatch(
      /crm.purchases_v1: broken-on-start_all_\w+\n +repair: perennial projection rebuild purchases\n +then remove: ALTER/,
    );
    expect((await post('/v1/purchases', JSON.stringify(purchase('degraded')))).status).toBe(201);
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    const warehouse = await openWarehouse({ dir: join(folder, 'warehouse') });
    const [part] = await partsLaidAside(warehouse);
    await warehouse.command(part!.remove);
    expect(await partsLaidAside(warehouse)).toEqual([]);
    await warehouse.close();
  });

  it('has logged lines of JSON without anything personal and without its key', () => {
    const text = logged.join('');
    expect(new ClearTextScanner([...MARKERS, API_KEY]).scan('the log', text)).toEqual([]);
    const lines = text.split('\n').filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ time: expect.any(String) });
  });
});

/** As a write that the disk refused leaves it. */
const breakPart = async (dir: string, table: string): Promise<void> => {
  const warehouse = await openWarehouse({ dir });
  const [part] = await warehouse.rows<{ path: string }>(
    `SELECT path FROM system.parts WHERE database = 'crm' AND table = '${table}' AND active LIMIT 1`,
  );
  await warehouse.close();
  truncateSync(join(part!.path, 'columns.txt'));
};
