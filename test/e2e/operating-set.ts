import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#apps/distributed/servers/free-port';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import type { RecordedEvent } from '#eventing/event';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { type PostgresForTests, postgresForTests } from '#test/support/servers/postgres';
import { uniqueName } from '#test/support/servers/unique-name';
import { Collector } from './operating-collector.js';
import { API_KEY } from './operating-load.js';

export interface Application {
  readonly process: TsProcess;
  readonly url: string;
  readonly name: string;
}

/** Machines that have much else to do are slow to start processes. */
const START_MS = 240_000;

/** Words that stand in secrets and nowhere else. */
const SECRETS = ['geheimniskraemer', 'losungswort', 'schluesselbund'] as const;
const WAREHOUSE_PASSWORD = SECRETS[1];
const MASTER_KEY = Buffer.from('schluesselbund-schluesselbund-32').toString('base64');

/** The distributed set as an operator runs it: servers, the job that prepares them, then applications one by one. */
export class OperatingSet {
  readonly collector: Collector;
  /** Everything that the processes have logged. */
  readonly logs = new Map<string, string[]>();
  readonly applications: Application[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'perennial-'));
  private readonly processes: TsProcess[] = [];
  private kafka: KafkaForTests | undefined;
  private postgres: PostgresForTests | undefined;
  private warehousePort = 0;
  private warehouse: TsProcess | undefined;
  private env: Record<string, string> = {};

  private constructor(collector: Collector) {
    this.collector = collector;
  }

  static async start(): Promise<OperatingSet> {
    const set = new OperatingSet(await Collector.start());
    try {
      await set.startServers();
      const migration = set.spawn('migrate', 'apps/projector/migrate.ts');
      await migration.finished(START_MS);
      return set;
    } catch (error) {
      await set.end();
      throw error;
    }
  }

  /** Starts one and waits until it answers. */
  async run(name: 'command-api' | 'relay' | 'projector' | 'analytics'): Promise<Application> {
    const process = this.spawn(name, `apps/${name}/main.ts`, ['--port', '0']);
    const line = await process.waitForLine(/answers at/, { timeoutMs: START_MS });
    const application = { process, name, url: line.split(' answers at ')[1]! };
    this.applications.push(application);
    return application;
  }

  async startWarehouse(): Promise<void> {
    this.warehousePort ||= await freePort();
    const process = this.spawn('warehouse', 'apps/warehouse/main.ts', [
      ...['--port', String(this.warehousePort)],
      ...['--data', join(this.folder, 'warehouse')],
    ]);
    await process.waitForLine(/answers at/, { timeoutMs: START_MS });
    this.warehouse = process;
  }

  get warehouseUrl(): string {
    return `http://127.0.0.1:${this.warehousePort}`;
  }

  async killWarehouse(): Promise<void> {
    await this.warehouse?.kill();
  }

  /** Everything in the event store, by stream. */
  async events(): Promise<Map<string, RecordedEvent[]>> {
    const store = new EventStoreDb(this.env.EVENTSTORE_URL!);
    const streams = new Map<string, RecordedEvent[]>();
    try {
      for await (const event of store.readAll())
        streams.set(event.stream, [...(streams.get(event.stream) ?? []), event]);
    } finally {
      await store.close();
    }
    return streams;
  }

  /** What nobody may read in a log. */
  get secrets(): string[] {
    return [...SECRETS, new URL(this.env.DATABASE_URL!).password].filter((secret) => secret !== '');
  }

  async end(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.kill()));
    await this.kafka?.stop();
    await this.postgres?.stop();
    await this.collector.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async startServers(): Promise<void> {
    this.env = {
      CLICKHOUSE_PASSWORD: WAREHOUSE_PASSWORD,
      PERENNIAL_API_KEYS: `operator:${API_KEY}`,
      PERENNIAL_HOST: '127.0.0.1',
      PERENNIAL_MASTER_KEY: MASTER_KEY,
      PERENNIAL_LOG_LEVEL: 'trace',
      KAFKA_TOPIC: uniqueName('operating'),
      UV_THREADPOOL_SIZE: '16',
      OTEL_EXPORTER_OTLP_ENDPOINT: this.collector.url,
      OTEL_TRACES_SAMPLER_ARG: '0',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    };
    this.kafka = await kafkaForTests();
    this.postgres = await postgresForTests();
    await this.startWarehouse();
    const double = this.spawn('event store', 'test/support/eventstoredb-double/main.ts', [
      join(this.folder, 'events.db'),
    ]);
    const ready = await double.waitForLine(/^ready /, { timeoutMs: START_MS });
    const eventStore = new URL(ready.slice('ready '.length));
    this.env = {
      ...this.env,
      KAFKA_BROKERS: this.kafka.brokers.join(','),
      DATABASE_URL: this.postgres.url,
      CLICKHOUSE_URL: this.warehouseUrl,
      EVENTSTORE_URL: `esdb://operator:${SECRETS[1]}@${eventStore.host}?tls=false`,
    };
  }

  private spawn(name: string, script: string, args: readonly string[] = []): TsProcess {
    const process = runTs(script, args, { env: this.env });
    const log = this.logs.get(name) ?? [];
    this.logs.set(name, log);
    process.child.stderr!.on('data', (text: string) => log.push(text));
    process.child.stdout!.on('data', (text: Buffer) => log.push(text.toString()));
    this.processes.push(process);
    return process;
  }
}
