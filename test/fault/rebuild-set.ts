import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { Checkpoint } from '#event-stream/kafka/checkpoint-record';
import { createKafka } from '#event-stream/kafka/kafka';
import { topicEvent } from '#event-stream/kafka/topic-event';
import { ensureTopics } from '#event-stream/kafka/topics';
import { type EventWriter, openTransactionalWriter } from '#event-stream/kafka/transactional-writer';
import type { RecordedEvent } from '#eventing/event';
import { createLogger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import { until } from '#test/support/process-stores';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { sale } from '#test/support/sales';
import { type KafkaForTests, kafkaForTests } from '#test/support/servers/kafka';
import { uniqueName } from '#test/support/servers/unique-name';
import type { Boundary, Projector } from '#warehouse/boundary';
import { Holds, type HoldsOptions } from '#warehouse/landing/holds';
import { migrate } from '#warehouse/migrations';
import { feedSelect, hasTable, type TableProjection } from '#warehouse/projection-feed';
import { tableOf, versions } from '#warehouse/projection-ledger';
import { checksumWith, type ProjectionSources } from '#warehouse/projection-status';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { type Judge, ViewReader } from './view-reader.js';

export const PARTITIONS = 3;
/** What is waited for on a machine that does other things, too. */
export const DEADLINE_MS = 120_000;

const log = createLogger('silent');

/** A broker, the warehouse behind HTTP and projectors, each a process of its own, and events as the relay writes them. */
export class RebuildSet {
  readonly topic = uniqueName('rebuild');
  readonly projectors: TsProcess[] = [];
  /** Events in the topic. */
  written = 0;
  warehouse!: Warehouse;
  url = '';
  private readonly dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  private kafka!: KafkaForTests;
  private client!: Kafka;
  private engine!: TsProcess;
  private writer!: EventWriter;
  private checkpoint: Checkpoint = { position: -1, next: new Map() };
  private loading: Promise<void> | undefined;
  private wanted = false;
  private writing: Promise<void> = Promise.resolve();
  private readonly watching: { stop(): Promise<void> }[] = [];

  /** Everything but projections and projectors. */
  static async start(): Promise<RebuildSet> {
    const set = new RebuildSet();
    try {
      const started = await Promise.allSettled([set.startKafka(), set.startWarehouse()]);
      for (const one of started) if (one.status === 'rejected') throw one.reason;
    } catch (error) {
      await set.stop();
      throw error;
    }
    return set;
  }

  /** As the applications are given it. */
  get environment(): Record<string, string> {
    return {
      KAFKA_BROKERS: this.kafka.brokers.join(','),
      KAFKA_TOPIC: this.topic,
      KAFKA_PARTITIONS: String(PARTITIONS),
      CLICKHOUSE_URL: this.url,
      PERENNIAL_LOG_LEVEL: 'warn',
      PORT: '0',
    };
  }

  private async startKafka(): Promise<void> {
    this.kafka = await kafkaForTests();
    this.client = createKafka({ brokers: this.kafka.brokers, clientId: 'rebuild', log });
    const admin = this.client.admin();
    await admin.connect();
    try {
      await ensureTopics(admin, {
        topic: this.topic,
        partitions: PARTITIONS,
        replication: 1,
        minInSync: 1,
        retentionDays: 14,
      });
    } finally {
      await admin.disconnect();
    }
    this.writer = await openTransactionalWriter({ kafka: this.client, topic: this.topic, name: 'test' });
  }

  private async startWarehouse(): Promise<void> {
    this.engine = runTs('apps/warehouse/main.ts', ['--port', '0', '--data', this.dir], {
      env: { UV_THREADPOOL_SIZE: '12' },
    });
    const line = await this.engine.waitForLine(/^warehouse answers at /, { timeoutMs: DEADLINE_MS });
    this.url = line.slice(line.indexOf('http'));
    this.warehouse = await openWarehouse({ url: this.url });
    await migrate(this.warehouse, join(packageRoot(), 'infra', 'clickhouse', 'schema'));
  }

  async startProjectors(count: number): Promise<void> {
    const given = [this.kafka.brokers.join(','), this.topic, this.url];
    const started = Array.from({ length: count }, () =>
      runTs('test/fault/rebuild-projector.child.ts', given),
    );
    this.projectors.push(...started);
    await Promise.all(started.map((each) => each.waitForLine(/^projector runs/, { timeoutMs: DEADLINE_MS })));
  }

  private async write(events: readonly RecordedEvent[]): Promise<void> {
    this.checkpoint = await this.writer.write(
      events.map((event) => topicEvent(event, PARTITIONS)),
      this.checkpoint,
    );
    this.written += events.length;
  }

  sell(count: number): Promise<void> {
    return this.writeAt((position) => Array.from({ length: count }, (_, i) => sold(position + i)));
  }

  /** Events that come from elsewhere, at the positions that are next. */
  writeNext(events: readonly Omit<RecordedEvent, 'position'>[]): Promise<void> {
    return this.writeAt((position) => events.map((event, i) => ({ ...event, position: position + i })));
  }

  /** One transaction after the other, whoever writes. */
  private writeAt(events: (position: number) => readonly RecordedEvent[]): Promise<void> {
    const written = this.writing.then(() => this.write(events(this.written)));
    this.writing = written.catch(() => {});
    return written;
  }

  /** Sells without end, or writes whatever else it is given, until it is stopped. */
  load(some: () => Promise<void> = () => this.sell(20)): void {
    this.wanted = true;
    this.loading = (async () => {
      while (this.wanted) {
        await some();
        await delay(20); // a rate, nothing that is waited for
      }
    })();
    this.loading.catch(() => {});
  }

  async stopLoad(): Promise<void> {
    this.wanted = false;
    await this.loading;
  }

  async landed(): Promise<number> {
    const [row] = await this.warehouse.rows<{ n: number }>('SELECT count() AS n FROM crm.events');
    return row?.n ?? 0;
  }

  /**
   * Everything that is in the topic by now has landed, in the projections, too: rows are seen in crm.events while the
   * insert that brought them is still on its way through the feeds, and their number says nothing where others write.
   */
  async untilLanded(): Promise<void> {
    const { position, next } = this.checkpoint;
    const landed = async () => {
      const rows = await this.warehouse.rows<{ p: number; last: number }>(
        "SELECT partition AS p, max(last) AS last FROM crm.claims WHERE state = 'landed' GROUP BY p",
      );
      const lasts = new Map(rows.map(({ p, last }) => [p, last]));
      return [...next].every(([partition, end]) => (lasts.get(partition) ?? -1) >= end - 1);
    };
    await until(`events up to ${position} have landed`, landed, DEADLINE_MS);
  }

  async holds(options: Partial<HoldsOptions> = {}): Promise<TimedHolds> {
    return new TimedHolds({
      warehouse: await this.warehouse.connect(),
      holder: 'a rebuild',
      partitions: async () => Array.from({ length: PARTITIONS }, (_, partition) => partition),
      log,
      patienceMs: DEADLINE_MS,
      ...options,
    });
  }

  /** Somebody reads from now on, until he is stopped. */
  watch<Row>(sql: string, isRight: Judge<Row>): ViewReader<Row> {
    const reader = new ViewReader<Row>(this.warehouse, sql, isRight);
    this.watching.push(reader);
    return reader;
  }

  /** How the versions of a projection that are fed differ from their SELECT over all events; nobody writes meanwhile. */
  async wrongVersions(name: string, ...files: readonly ProjectionSources[]): Promise<object[]> {
    const wrong: object[] = [];
    for (const { version, state, tableChecksum } of await versions(this.warehouse, name)) {
      if (state !== 'live' && state !== 'standby') continue;
      const made = files.flatMap(({ definitions, twins }) =>
        definitions
          .filter((one) => one.name === name && checksumWith(one, twins) === tableChecksum)
          .map((definition) => ({ definition, twins })),
      );
      if (!made[0] || !hasTable(made[0].definition)) throw new Error(`nobody knows ${name} ${version}`);
      const { definition, twins } = made[0];
      const columns = await this.warehouse.rows<{ name: string }>(`DESCRIBE ${tableOf(name, version)}`);
      const names = columns.map((column) => `\`${column.name}\``).join(', ');
      const cast = columns.map((column) => `toString(\`${column.name}\`)`).join(', ');
      const sum = (from: string) =>
        this.warehouse.rows(
          `SELECT count() AS rows, toString(sum(cityHash64(${cast}))) AS hash FROM (SELECT ${names} FROM ${from})`,
        );
      const [stored] = await sum(tableOf(name, version));
      const [expected] = await sum(`(${feedSelect(definition as TableProjection, twins)})`);
      if (JSON.stringify(stored) !== JSON.stringify(expected)) wrong.push({ version, stored, expected });
    }
    return wrong;
  }

  async tablesLike(name: string): Promise<string[]> {
    const tables = await this.warehouse.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = 'crm' AND startsWith(name, {name:String}) ORDER BY name",
      { name },
    );
    return tables.map((table) => table.name);
  }

  async stop(): Promise<void> {
    await this.stopLoad().catch(() => {});
    await Promise.all(this.watching.map((reader) => reader.stop()));
    await Promise.all(this.projectors.map((each) => each.kill()));
    await this.writer?.close().catch(() => {});
    await this.warehouse?.close();
    await this.engine?.kill();
    await this.kafka?.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Counts one, doubles to two: which rule made a row shows in any sum. */
const sold = (position: number): RecordedEvent => ({
  ...sale(position),
  data: { amount: '1.00', total: '2.00' },
  position,
  stream: `sale-${position}`,
  revision: 0,
  recordedAt: '2024-05-01T10:00:00.000Z',
});

/** Notes for how long it kept landing from going on. */
class TimedHolds implements Projector {
  readonly mayRepeat = true;
  readonly pausesMs: number[] = [];
  private readonly holds: Holds;
  private since = 0;

  constructor(options: HoldsOptions) {
    this.holds = new Holds(options);
  }

  pause(): Promise<Boundary> {
    this.since = performance.now();
    return this.holds.pause();
  }

  async resume(): Promise<void> {
    try {
      await this.holds.resume();
    } finally {
      this.pausesMs.push(Math.round(performance.now() - this.since));
    }
  }
}
