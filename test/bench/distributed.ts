import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from '#apps/distributed/servers/kafka';
import { startPostgres } from '#apps/distributed/servers/postgres';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { inFolder, median, percentile, report } from './measure.js';
import {
  cpuSeconds,
  cpuText,
  load,
  memoryOf,
  metricOf,
  migrateParts,
  startDouble,
  startPart,
} from './parts.js';

/**
 * The whole distributed set, every part a process of its own, under a steady load of commands over HTTP: from sending
 * a command to its row in every view. The load is asked for one command at a time and in batches; the commands that are
 * watched are always sent singly. What the machine cannot do is said, and ends the series.
 */
const SECONDS = Number(process.argv[2] ?? 15);
const SINGLY = (process.argv[3] ?? '2,50,100,200,400,1000').split(',').map(Number).filter(Boolean);
const BATCHED = (process.argv[4] ?? '1000,2000').split(',').map(Number).filter(Boolean);
const PER_BATCH = 50;
const WATCHED_PER_SECOND = 10;
const TICK_MS = 10;
const CLAIMS = 9;
const CUSTOMERS = 5_000;
/** Of what was asked for: less is not a steady load any more. */
const KEPT_UP = 0.95;

interface Outcome {
  readonly commands: number;
  readonly rate: number;
  readonly refused: number;
  readonly answered: readonly number[];
  readonly visible: readonly number[];
}

let number = 0;

const purchase = () => {
  number += 1;
  return {
    orderId: `order-${number}`,
    customerId: `customer-${(number * 7919) % CUSTOMERS}`,
    occurredAt: '2024-05-01',
    total: { amount: `${number % 400}.68`, currency: 'EUR' },
  };
};

const command = (type: string, data: object) => ({ type, id: randomUUID(), data });

const post = (url: string, type: string, body: string, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', headers: { 'content-type': type, ...headers }, body });

/** @returns the answers to those that were refused */
const sendBatch = async (api: string, commands: readonly object[]): Promise<string[]> => {
  const body = `${commands.map((command) => JSON.stringify(command)).join('\n')}\n`;
  const text = await (await post(`${api}/v1/commands`, 'application/x-ndjson', body)).text();
  return text
    .trim()
    .split('\n')
    .filter((line) => !/"status":"(accepted|repeated)"/.test(line));
};

/** Whoever is busy may say so, and is asked again. */
const registerCustomers = async (api: string): Promise<void> => {
  const customers = Array.from({ length: CUSTOMERS }, (_, i) =>
    command('RegisterCustomer', {
      customerId: `customer-${i}`,
      name: `Customer ${i}`,
      email: `customer${i}@example.com`,
      occurredAt: '2024-01-01',
    }),
  );
  for (let from = 0; from < CUSTOMERS; from += 250) {
    let refused: string[] = [];
    for (let attempt = 0; attempt < 20; attempt++) {
      refused = await sendBatch(api, customers.slice(from, from + 250));
      if (refused.length === 0) break;
      await delay(500);
    }
    if (refused.length > 0) throw new Error(`customers were refused: ${refused[0]}`);
  }
};

const steadily = async (
  api: string,
  perSecond: number,
  perRequest: number,
  seconds: number,
): Promise<Outcome> => {
  const answered: number[] = [];
  const visible: number[] = [];
  const pending: Promise<void>[] = [];
  let refused = 0;
  let lastAnswer = 0;
  const timed = async (request: () => Promise<number>): Promise<void> => {
    const began = performance.now();
    const outcome = await request().catch(() => undefined);
    // Of what waits for a minute to be accepted the connection is reset.
    refused += outcome ?? perRequest;
    if (outcome === undefined) return;
    lastAnswer = performance.now();
    answered.push(lastAnswer - began);
  };
  const single = () =>
    timed(async () => {
      const response = await post(`${api}/v1/purchases`, 'application/json', JSON.stringify(purchase()));
      await response.text();
      return response.ok ? 0 : 1;
    });
  const batch = () =>
    timed(async () => {
      const commands = Array.from({ length: perRequest }, () => command('RecordPurchase', purchase()));
      return (await sendBatch(api, commands)).length;
    });
  const watched = async (): Promise<void> => {
    const began = performance.now();
    const body = JSON.stringify(purchase());
    const answer = post(`${api}/v1/purchases`, 'application/json', body, { prefer: 'wait=60' })
      .then((response) => response.json() as Promise<{ visible?: boolean }>)
      .catch(() => ({ visible: false }));
    if ((await answer).visible) visible.push(performance.now() - began);
    else refused += 1;
  };
  const began = performance.now();
  const due = (rate: number) => Math.floor(((performance.now() - began) / 1000) * rate);
  const watchedPerSecond = Math.min(WATCHED_PER_SECOND, perSecond / 2);
  for (let sent = 0, looked = 0; performance.now() - began < seconds * 1000; ) {
    for (; looked < due(watchedPerSecond); looked++) pending.push(watched());
    for (; sent < due((perSecond - watchedPerSecond) / perRequest); sent++)
      pending.push(perRequest === 1 ? single() : batch());
    await delay(TICK_MS);
  }
  await Promise.all(pending);
  const commands = answered.length * perRequest + visible.length;
  const duration = Math.max(seconds, (lastAnswer - began) / 1000);
  return { commands, rate: commands / duration, refused, answered, visible };
};

/** How many there were since the last time, and how long one took, of a metric that Prometheus calls a histogram. */
const durations = async (url: string, name: string, before: readonly number[] = [0, 0]) => {
  const [count, seconds] = await Promise.all([metricOf(url, `${name}_count`), metricOf(url, `${name}_sum`)]);
  const times = count - before[0]!;
  return { total: [count, seconds], times, milliseconds: ((seconds - before[1]!) / times) * 1000 };
};

const claimMilliseconds = async (client: Warehouse): Promise<number> => {
  await client.command('CREATE TABLE IF NOT EXISTS default.claims AS crm.claims');
  const durations: number[] = [];
  for (let first = 0; first < CLAIMS; first++) {
    const began = performance.now();
    await client.command('INSERT INTO default.claims SELECT * FROM crm.claims LIMIT 1');
    await client.rows('SELECT * FROM default.claims LIMIT 1');
    durations.push(performance.now() - began);
  }
  return median(durations);
};

const bytesIn = (path: string): number => {
  // SQLite keeps what is new in a file beside.
  if (path.endsWith('.db')) return statSync(path).size + statSync(`${path}-wal`).size;
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) return 0; // servers remove files meanwhile
  if (!found.isDirectory()) return found.blocks * 512;
  return namesIn(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
};

const namesIn = (directory: string): string[] => {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

await inFolder(async (dir) => {
  // PostgreSQL may run as somebody else.
  chmodSync(dir, 0o755);
  // One after the other: together they would wait for each other's start on a small machine.
  const kafka = await startKafka({ dir: join(dir, 'kafka') });
  const postgres = await startPostgres({ dir: join(dir, 'postgres') });
  const eventStore = await startDouble(dir, join(dir, 'events.db'));
  const CLICKHOUSE_PASSWORD = randomBytes(16).toString('hex');
  const warehouse = await startPart('warehouse', dir, {
    PERENNIAL_DATA_DIRECTORY: join(dir, 'warehouse'),
    CLICKHOUSE_PASSWORD,
  });
  const env = {
    EVENTSTORE_URL: eventStore.url,
    KAFKA_BROKERS: kafka.brokers.join(','),
    DATABASE_URL: postgres.url,
    CLICKHOUSE_URL: warehouse.url,
    CLICKHOUSE_PASSWORD,
    PERENNIAL_MASTER_KEY: randomBytes(32).toString('base64'),
  };
  await migrateParts(dir, env);
  const [api, relay, projector, analytics] = await Promise.all(
    ['command-api', 'relay', 'projector', 'analytics'].map((name) => startPart(name, dir, env)),
  );
  const client = await openWarehouse({
    url: warehouse.url,
    username: 'default',
    password: CLICKHOUSE_PASSWORD,
  });
  const processes = {
    'command-api': api!.pid,
    relay: relay!.pid,
    projector: projector!.pid,
    analytics: analytics!.pid,
    'event store (double)': eventStore.pid,
    Kafka: kafka.pid,
    warehouse: warehouse.pid,
  };
  try {
    await registerCustomers(api!.url);
    await steadily(api!.url, 20, 1, 5); // until everything is warm and landed

    const series = async (how: string, rates: readonly number[], perRequest: number): Promise<void> => {
      for (const asked of rates) {
        const transactions = () => durations(relay!.url, 'perennial_relay_transaction_duration_seconds');
        const inserts = () => durations(projector!.url, 'perennial_landing_insert_duration_seconds');
        const [relayed, landed] = [(await transactions()).total, (await inserts()).total];
        const before = Object.entries(processes).map(([name, pid]) => [name, cpuSeconds(pid)] as const);
        const { commands, rate, refused, answered, visible } = await steadily(
          api!.url,
          asked,
          perRequest,
          SECONDS,
        );
        const milliseconds = (values: readonly number[]) =>
          [0.5, 0.99].map((share) => percentile(values, share)?.toFixed(0) ?? '-').join(', ');
        report(`${asked} commands/s ${how}: done`, `${rate.toFixed(0)}/s`, load());
        report(
          '  answered, p50 and p99',
          `${milliseconds(answered)} ms`,
          refused > 0 ? `${refused} refused` : '',
        );
        report(`  in every view, p50 and p99 of ${visible.length}`, `${milliseconds(visible)} ms`);
        const cpu = before.map(([name, was]) => [
          name,
          ((cpuSeconds(processes[name as keyof typeof processes]) - was) / commands) * 1e6,
        ]);
        report('  microseconds of CPU a command', '', cpuText(Object.fromEntries(cpu)));
        const steps = [
          await durations(relay!.url, 'perennial_relay_transaction_duration_seconds', relayed),
          await durations(projector!.url, 'perennial_landing_insert_duration_seconds', landed),
        ].map(({ times, milliseconds: each }) => `${times} of ${each.toFixed(0)} ms`);
        report('  transactions of the relay, inserts of the projector', steps.join(', '));
        report(
          '  a small insert and a look at it, as a claim is',
          `${(await claimMilliseconds(client)).toFixed(0)} ms`,
        );
        if (rate < asked * KEPT_UP - 2 / SECONDS) {
          report('  which this machine does not keep up with', '');
          return;
        }
      }
    };
    await series('singly', SINGLY, 1);
    await series(`in batches of ${PER_BATCH}`, BATCHED, PER_BATCH);

    for (const [name, pid] of Object.entries(processes)) {
      const { now, most } = memoryOf(pid);
      report(`memory of ${name}, now and at most`, `${now.toFixed(0)}, ${most.toFixed(0)} MB`);
    }
    const events = number + CUSTOMERS;
    for (const [name, path] of [
      ['event store (double: SQLite)', 'events.db'],
      ['Kafka, the log of events', 'kafka/data'],
      ['warehouse', 'warehouse'],
      ['PostgreSQL, as it comes included', 'postgres'],
    ] as const)
      report(
        `bytes on disk per event, ${name}`,
        (bytesIn(join(dir, path)) / events).toFixed(0),
        `${events} events`,
      );
  } finally {
    await client.close();
    await Promise.all([api!, relay!, projector!, analytics!].map((part) => part.stop()));
    await Promise.all([warehouse, eventStore, kafka, postgres].map((server) => server.stop()));
  }
});
