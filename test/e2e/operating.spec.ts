import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { packageRoot } from '#platform/package-root';
import { ClearTextScanner } from '#test/support/clear-text';
import { until } from '#test/support/process-stores';
import { describeWithKafka } from '#test/support/servers/kafka';
import { describeWithPostgres } from '#test/support/servers/postgres';
import { documentedMetrics } from './operating-documents.js';
import { call, PurchaseLoad, purchase } from './operating-load.js';
import { type Application, OperatingSet } from './operating-set.js';
import { linesOf, MARKERS } from './personal-data-people.js';

// The whole chain as processes, and what those who run it see of it and do with it. The tests build on each other.

/** Deadlines only: on a quiet machine all of it takes less than one of them. */
jest.setTimeout(300_000);
const SLOW_MS = 90_000;
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const ACCEPTED = 'perennial_commands_total{type="RecordPurchase",outcome="accepted"}';
const CALLER = '00f067aa0ba902b7';

describeWithKafka('the distributed set in operation', () =>
  describeWithPostgres('with servers that others may share', () => {
    let set: OperatingSet;
    let commands: Application;
    let analytics: Application;
    let relays: Application[];
    let projectors: Application[];

    beforeAll(async () => {
      set = await OperatingSet.start();
      const relay = set.run('relay');
      const projector = set.run('projector');
      [commands, analytics] = await Promise.all([set.run('command-api'), set.run('analytics')]);
      relays = [await relay, await set.run('relay')];
      projectors = [await projector, await set.run('projector')];
      for (const application of set.applications)
        await until(`${application.name} is ready`, () => isReady(application), SLOW_MS);
    }, 600_000);
    afterAll(() => set?.end(), 60_000);

    const send = (path: string, body: string, headers: Record<string, string> = {}) =>
      call(`${commands.url}${path}`, { method: 'POST', body, headers });
    const buy = (orderId: string, headers: Record<string, string> = {}) =>
      send('/v1/purchases', JSON.stringify(purchase(orderId)), headers);
    const landed = () => metric(analytics, 'perennial_warehouse_lag_events').then((lag) => lag === 0);

    it('makes one trace from the request to the landed row', async () => {
      const { status } = await buy('traced', { traceparent: `00-${TRACE}-${CALLER}-01` });
      expect(status).toBe(201);
      const names = ['POST /v1/purchases', 'append', 'relay', 'land'];
      await until('the trace is complete', () => set.collector.chain(TRACE, names) !== undefined, SLOW_MS);
      const chain = set.collector.chain(TRACE, names)!;
      expect(chain[0]!.parentSpanId).toBe(CALLER);
      expect(chain.map(({ service }) => service)).toEqual([
        'perennial-command-api',
        'perennial-command-api',
        'perennial-relay',
        'perennial-projector',
      ]);
      // Nobody else had asked for a trace.
      expect(set.collector.spans.every(({ traceId }) => traceId === TRACE)).toBe(true);
    });

    it('traces every line of a batch as part of the batch', async () => {
      const trace = TRACE.replace('4', '5');
      const lines = ['a', 'b'].map((id) =>
        JSON.stringify({ type: 'RecordPurchase', id: `traced-${id}`, data: purchase(`traced-${id}`) }),
      );
      await call(`${commands.url}/v1/commands`, {
        method: 'POST',
        type: 'application/x-ndjson',
        body: lines.join('\n'),
        headers: { traceparent: `00-${trace}-${CALLER}-01` },
      });
      const names = ['POST /v1/commands', 'append', 'relay', 'land'];
      const of = (name: string) =>
        set.collector.spans.filter((span) => span.traceId === trace && span.name === name);
      await until('both have landed', () => of('land').length === 2, SLOW_MS);
      expect(names.map((name) => of(name).length)).toEqual([1, 2, 2, 2]);
      expect(new Set(of('append').map(({ parentSpanId }) => parentSpanId)).size).toBe(1);
      expect(set.collector.chain(trace, names)).toBeDefined();
    });

    it('shows the metrics that the how-to tells of, and no others', async () => {
      await until('everything has landed', landed, SLOW_MS);
      const shown = new Map<string, Set<string>>();
      const warehouse = { url: set.warehouseUrl, name: 'warehouse' };
      for (const { url, name } of [...set.applications, warehouse]) {
        const { body } = await call(`${url}/metrics`);
        for (const [, metricName] of body.matchAll(/^# TYPE (perennial_\w+) /gm))
          shown.set(metricName!, (shown.get(metricName!) ?? new Set()).add(name));
      }
      const documented = documentedMetrics(
        readFileSync(join(packageRoot(), 'docs/how-to/operate.md'), 'utf8'),
      );
      expect([...shown.keys()].sort()).toEqual([...documented.keys()].sort());
      for (const [name, applications] of shown)
        expect([name, [...applications].sort()]).toEqual([
          name,
          [...documented.get(name)!.applications].sort(),
        ]);
    });

    it('labels metrics with nothing that grows with the customers', async () => {
      await buy('labelled');
      for (const { url } of set.applications)
        expect((await call(`${url}/metrics`)).body).not.toMatch(/labelled|traced|customer-/);
    });

    it('hands the seat of the active relay over at once', async () => {
      const active = await Promise.all(
        relays.map((relay) => metric(relay, 'perennial_relay_state{state="active"}')),
      );
      expect([...active].sort()).toEqual([0, 1]);
      const [first, second] = active[0] === 1 ? [relays[0]!, relays[1]!] : [relays[1]!, relays[0]!];
      const stopped = performance.now();
      const ended = stop(first);
      await until(
        'the other one is active',
        async () => (await metric(second, 'perennial_relay_state{state="active"}')) === 1,
      );
      // Far less than a transaction's time-out of 15 s.
      expect(performance.now() - stopped).toBeLessThan(10_000);
      expect(await ended).toEqual({ code: 0, inTime: true });
      await buy('after-the-relay');
      await until('it has landed', landed, SLOW_MS);
      relays = [second];
    });

    it('leaves the partitions of a projector that ends to the others', async () => {
      const [first, second] = projectors as [Application, Application];
      for (const each of [first, second])
        await until(
          'each has half of the partitions',
          async () => (await metric(each, 'perennial_consumer_partitions')) === 2,
          SLOW_MS,
        );
      const stopped = performance.now();
      const ended = stop(first);
      await until(
        'the other one has all partitions',
        async () => (await metric(second, 'perennial_consumer_partitions')) === 4,
      );
      // Less than its session would last.
      expect(performance.now() - stopped).toBeLessThan(10_000);
      expect(await ended).toEqual({ code: 0, inTime: true });
      projectors = [second];
      await until('it is ready', () => isReady(second), SLOW_MS);
    });

    it('answers every command that it has begun when it is to end under load', async () => {
      const load = new PurchaseLoad(commands.url, { single: 6, batch: 2 });
      await until('the load is under way', () => load.accepted.length > 500, SLOW_MS);
      const ended = await stop(commands);
      expect(ended).toEqual({ code: 0, inTime: true });
      await load.ended;
      commands = await set.run('command-api');
      const streams = await set.events();
      const inStore = ({ orderId }: { orderId: string }) => streams.get(`purchase-${orderId}`)?.length ?? 0;
      expect(load.accepted.filter((sent) => inStore(sent) !== 1)).toEqual([]);
      // Whoever was refused need not wonder. Who was cut off, on a machine too busy to answer in time, sends again.
      expect(load.sent.filter((sent) => sent.answer === 'refused' && inStore(sent) > 0)).toEqual([]);
    });

    it('tells the truth about a warehouse that is away, and does not wait for it in order to end', async () => {
      await set.killWarehouse();
      await buy('warehouse-away');
      const [projector] = projectors as [Application];
      const told = async () => (await call(`${projector.url}/health/ready`)).body;
      await until('landing is not ready', async () => (await told()).includes('landing: '), SLOW_MS);
      expect(await told()).toContain('warehouse: ');
      expect((await call(`${projector.url}/health/live`)).status).toBe(200);
      expect(await metric(projector, 'perennial_landing_state{state="waiting"}')).toBe(1);
      expect(await Promise.all([commands, relays[0]!].map(isReady))).toEqual([true, true]);
      const waits = buy('caller-waits', { prefer: 'wait=30' });
      await until('it has been appended', async () => (await metric(commands, ACCEPTED)) === 2);
      expect(await stop(commands)).toEqual({ code: 0, inTime: true });
      expect(await waits).toMatchObject({ status: 201, body: expect.stringContaining('"visible":false') });
      await set.startWarehouse();
      await until('the projector is ready', () => isReady(projector), SLOW_MS);
      await until('everything has landed', landed, SLOW_MS);
      commands = await set.run('command-api');
    });

    it('logs lines of JSON, without secrets and without anything personal', async () => {
      const people = Array.from({ length: 20 }, (_, number) => linesOf(number)).flat();
      const { body } = await call(`${commands.url}/v1/commands`, {
        method: 'POST',
        type: 'application/x-ndjson',
        body: people.map((line) => JSON.stringify(line)).join('\n'),
      });
      expect(body).toContain('"accepted"');
      const wrong = { customerId: 'Quastenflosse@nachtfalterpost.example', name: 'Quastenflosse', age: 7 };
      expect((await send('/v1/customers', JSON.stringify(wrong))).status).toBe(422);
      await call(
        `${analytics.url}/v1/sql?query=${encodeURIComponent("SELECT no_such_function('Mondscheinsonate')")}`,
      );
      await until('everything has landed', landed, SLOW_MS);
      const ended = await Promise.all([commands, analytics, ...relays, ...projectors].map(stop));
      expect(ended.every(({ code, inTime }) => code === 0 && inTime)).toBe(true);
      const scanner = new ClearTextScanner([...MARKERS, ...set.secrets]);
      for (const [name, log] of set.logs) {
        const text = log.join('');
        expect([name, scanner.scan(name, text)]).toEqual([name, []]);
        if (name === 'event store') continue; // a part of the tests
        const spoken = text
          .split('\n')
          .filter((line) => line !== '' && !/ answers at | are ready$/.test(line));
        for (const line of spoken)
          expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), time: expect.any(String) });
      }
    });
  }),
);

const isReady = ({ url }: Application): Promise<boolean> =>
  call(`${url}/health/ready`).then(
    ({ status }) => status === 200,
    () => false,
  );

/** The value of one line of /metrics. */
const metric = async ({ url }: Application, line: string): Promise<number | undefined> => {
  const { body } = await call(`${url}/metrics`);
  const found = body.split('\n').find((each) => each.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length));
};

const stop = async ({ process }: Application): Promise<{ code: number | null; inTime: boolean }> => {
  const began = performance.now();
  const { code } = await process.kill('SIGTERM');
  return { code, inTime: performance.now() - began < 10_000 };
};
