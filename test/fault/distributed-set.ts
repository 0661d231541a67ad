import { randomBytes } from 'node:crypto';
import { appendFileSync, chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from '#apps/distributed/servers/kafka';
import { startPostgres } from '#apps/distributed/servers/postgres';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { Administration } from './distributed-administration.js';
import { Disk } from './distributed-disk.js';
import { Gate } from './distributed-gate.js';
import {
  built,
  type EndedByItself,
  fromSource,
  type Part,
  type ProcessOptions,
  ProcessPart,
  serverPart,
} from './distributed-part.js';
import { fixedPorts, listens, ok } from './distributed-ports.js';

export const PARTITIONS = 4;
export const TOPIC = 'crm.events';
export const PROJECTORS = ['projector-1', 'projector-2', 'projector-3'] as const;
export const RELAYS = ['relay-1', 'relay-2'] as const;
export const SPARE_ANALYTICS = 'analytics-2';

/** The servers of the set; every application reaches each of them through a gate of its own, all of them Kafka through one. */
type Target = 'event-store' | 'warehouse' | 'postgresql' | 'command-api';

/** The distributed set on this machine: every part a process of its own, with a gate wherever one talks to another. */
export class DistributedSet {
  readonly parts = new Map<string, Part>();
  /** By who talks to whom: `relay-1 > event-store`; Kafka's own is `kafka`. */
  readonly gates = new Map<string, Gate>();
  readonly ended: EndedByItself[] = [];
  readonly administration = new Administration((name) => this.applicationUrl(name));
  readonly masterKey = randomBytes(32).toString('base64');
  private readonly ports = new Map<string, number>();
  private readonly began = Date.now();
  /** Servers as they are reached without a gate. */
  private postgresUrl = '';
  private kafkaPort = 0;

  private constructor(
    readonly dir: string,
    readonly disk: Disk,
  ) {}

  /** Everything but the third projector and the second analytics runs and answers when it returns. */
  static async start(dir: string): Promise<DistributedSet> {
    mkdirSync(join(dir, 'logs'), { recursive: true });
    // PostgreSQL may run as somebody else, and must come through to its folder.
    chmodSync(dir, 0o711);
    const set = new DistributedSet(dir, Disk.open(join(dir, 'warehouse')));
    try {
      await set.startServers();
      await set.migrate();
      await set.startApplications();
    } catch (error) {
      await set.end();
      throw error;
    }
    return set;
  }

  /** One line in the protocol of the run. */
  note(text: string): void {
    const seconds = ((Date.now() - this.began) / 1000).toFixed(2);
    appendFileSync(join(this.dir, 'schedule.log'), `${seconds.padStart(8)}  ${text}\n`);
  }

  part(name: string): Part {
    const part = this.parts.get(name);
    if (!part) throw new Error(`there is no part ${name}`);
    return part;
  }

  get brokers(): string[] {
    return [`127.0.0.1:${this.kafkaPort}`];
  }

  /** As an application reaches a server, or (without a name) as it is reached without a gate. */
  async url(target: Target, client?: string): Promise<string> {
    const port = client ? await this.gatePort(client, target) : this.port(target);
    switch (target) {
      case 'event-store':
        return `esdb://127.0.0.1:${port}?tls=false`;
      case 'postgresql': {
        const url = new URL(this.postgresUrl);
        url.port = String(port);
        return url.href;
      }
      default:
        return `http://127.0.0.1:${port}`;
    }
  }

  applicationUrl(name: string): string {
    return `http://127.0.0.1:${this.port(name)}`;
  }

  /** Something that the event store is to do wrong: see the double's main file. */
  orderEventStore(line: string): void {
    (this.part('event-store') as ProcessPart).order(line);
  }

  /** Everything that the event store has is in the warehouse. */
  async landed(withinMs: number): Promise<void> {
    const store = new EventStoreDb(await this.url('event-store'));
    try {
      const head = await store.head();
      const deadline = Date.now() + withinMs;
      for (;;) {
        const freshness = await this.administration.freshness().catch((error: Error) => ({
          position: -1,
          lagEvents: error.message,
        }));
        if (freshness.lagEvents === 0 && freshness.position >= head) return;
        if (Date.now() > deadline)
          throw new Error(
            `after ${withinMs} ms of quiet events are missing: ${JSON.stringify({ head, freshness })}`,
          );
        await delay(100);
      }
    } finally {
      await store.close();
    }
  }

  /** Ends the applications as an operator does; the servers go on, to be read. */
  async stopApplications(): Promise<void> {
    await Promise.all([...this.parts].filter(([name]) => isApplication(name)).map(([, part]) => part.stop()));
  }

  /** Leaves nothing behind, but a copy of the warehouse's files where `keep` is given. */
  async end(keep?: string): Promise<void> {
    for (const part of this.parts.values()) await part.signal('SIGCONT');
    await Promise.allSettled([...this.parts.values()].map((part) => part.kill()));
    await Promise.allSettled([...this.gates.values()].map((gate) => gate.close()));
    if (keep !== undefined) this.disk.keep(keep);
    this.disk.close();
  }

  private async startServers(): Promise<void> {
    const names = ['event-store', 'warehouse', 'kafka', ...APPLICATIONS];
    const ports = await fixedPorts(names.length);
    for (const [i, name] of names.entries()) this.ports.set(name, ports[i] as number);
    const eventStorePort = String(this.port('event-store'));
    this.kafkaPort = this.port('kafka');
    const gate = new Gate(this.kafkaPort);
    this.gates.set('kafka', gate);
    const advertisedPort = await gate.listen();
    const started = await Promise.allSettled([
      startKafka({ dir: join(this.dir, 'kafka'), port: this.kafkaPort, advertisedPort }).then((kafka) =>
        this.parts.set('kafka', serverPart('kafka', kafka, this.noteEnd)),
      ),
      startPostgres({ dir: join(this.dir, 'postgresql') }).then((postgres) => {
        this.parts.set('postgresql', serverPart('postgresql', postgres, this.noteEnd));
        this.postgresUrl = postgres.url;
        this.ports.set('postgresql', Number(new URL(postgres.url).port));
      }),
      this.prepare(
        'event-store',
        fromSource(DOUBLE, [join(this.dir, 'events.db'), eventStorePort], this.logOf('event-store')),
      ).start(),
      this.prepare(
        'warehouse',
        built('apps/warehouse/main.js', this.warehouseEnvironment(), this.logOf('warehouse')),
      ).start(),
    ]);
    for (const one of started) if (one.status === 'rejected') throw one.reason;
  }

  /** As the job that an operator runs before the applications. */
  private async migrate(): Promise<void> {
    const launch = built(
      'apps/projector/migrate.js',
      await this.environment('migrate'),
      this.logOf('migrate'),
    );
    const { code } = await (await launch()).exited;
    if (code !== 0) throw new Error(`the migration ended with ${code}: see ${this.logOf('migrate')}`);
  }

  private async startApplications(): Promise<void> {
    for (const name of APPLICATIONS) {
      const script = `apps/${name.replace(/-\d$/, '')}/main.js`;
      this.prepare(name, built(script, await this.environment(name), this.logOf(name)));
    }
    await Promise.all(
      APPLICATIONS.filter((name) => !SPARES.includes(name)).map((name) => this.part(name).start()),
    );
  }

  private prepare(name: string, launch: ProcessOptions['launch']): ProcessPart {
    const part = new ProcessPart({
      name,
      launch,
      log: this.logOf(name),
      answers: () => this.answers(name),
      onEnd: this.noteEnd,
    });
    this.parts.set(name, part);
    return part;
  }

  private readonly noteEnd = (end: EndedByItself): void => {
    this.ended.push(end);
    this.note(`${end.name} ENDED BY ITSELF: ${end.code ?? end.signal} after ${end.livedMs} ms`);
  };

  private answers(name: string): Promise<void> {
    const url = `http://127.0.0.1:${this.port(name)}`;
    if (name === 'event-store') return listens(this.port(name));
    return ok(`${url}${name === 'warehouse' ? '/ping' : '/health/live'}`);
  }

  private warehouseEnvironment(): Record<string, string> {
    return { ...this.common('warehouse'), PERENNIAL_DATA_DIRECTORY: this.disk.dir };
  }

  private async environment(name: string): Promise<Record<string, string>> {
    return {
      ...this.common(name),
      EVENTSTORE_URL: await this.url('event-store', name),
      KAFKA_BROKERS: `127.0.0.1:${this.gates.get('kafka')?.port}`,
      KAFKA_TOPIC: TOPIC,
      KAFKA_PARTITIONS: String(PARTITIONS),
      CLICKHOUSE_URL: await this.url('warehouse', name),
      DATABASE_URL: await this.url('postgresql', name),
      PERENNIAL_MASTER_KEY: this.masterKey,
    };
  }

  private common(name: string): Record<string, string> {
    const port = String(this.ports.get(name) ?? 0);
    return { PORT: port, PERENNIAL_LOG_LEVEL: 'info', UV_THREADPOOL_SIZE: '16' };
  }

  private async gatePort(client: string, target: Target): Promise<number> {
    const name = `${client} > ${target}`;
    const gate = this.gates.get(name) ?? new Gate(this.port(target));
    if (!this.gates.has(name)) await gate.listen();
    this.gates.set(name, gate);
    return gate.port;
  }

  private port(name: string): number {
    const port = this.ports.get(name);
    if (port === undefined) throw new Error(`nobody knows the port of ${name}`);
    return port;
  }

  private logOf(name: string): string {
    return join(this.dir, 'logs', `${name}.log`);
  }
}

const APPLICATIONS = ['command-api', ...RELAYS, ...PROJECTORS, 'analytics', SPARE_ANALYTICS] as const;
/** They come and go. */
const SPARES: readonly string[] = [PROJECTORS[2], SPARE_ANALYTICS];

const isApplication = (name: string): boolean => (APPLICATIONS as readonly string[]).includes(name);

const DOUBLE = 'test/support/eventstoredb-double/main.ts';
