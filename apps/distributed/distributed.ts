import { closeSync, mkdirSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { lockDataDirectory, OWNER_ONLY } from '#platform/data-directory';
import { APPLICATIONS, type Application, demandFreePorts, type Ports } from './ports.js';
import { application, eventStoreDouble } from './programs.js';
import { runToTheEnd } from './run-to-the-end.js';
import { Secrets } from './secrets.js';
import { freePort } from './servers/free-port.js';
import { startKafka } from './servers/kafka.js';
import { type RestartableServer, startNodeService } from './servers/node-service.js';
import { startPostgres } from './servers/postgres.js';
import { Supervisor } from './supervisor.js';

export interface DistributedOptions {
  readonly directory: string;
  readonly ports: Ports;
  readonly env: Environment;
  readonly say: (text: string) => void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** One line of what runs. */
export interface Running {
  readonly name: string;
  /** Where it answers, without a password. */
  readonly where: string;
  /** Undefined for what somebody else runs. */
  readonly pid?: number;
  readonly log?: string;
}

export interface Distributed {
  readonly running: readonly Running[];
  readonly urls: Readonly<Record<Application, string>>;
  stop(): Promise<void>;
}

/** They end within 10 s by themselves. */
const APPLICATION_STOP_MS = 9_500;
const SERVER_STOP_MS = 5_000;

/**
 * The distributed set on one machine: servers where the environment names none, then the one-shot job, then the
 * applications. What fails to start stops all of it.
 */
export const startDistributed = async (options: DistributedOptions): Promise<Distributed> => {
  const lock = lockDataDirectory(options.directory);
  const set = new DistributedSet(options);
  try {
    await demandFreePorts(options.ports);
    await set.startServers();
    await set.migrate();
    const urls = await set.startApplications();
    return { running: set.running, urls, stop: () => set.stop().finally(() => lock.release()) };
  } catch (error) {
    await set.stop();
    lock.release();
    throw error;
  }
};

class DistributedSet {
  readonly running: Running[] = [];
  private readonly supervisor: Supervisor;
  private readonly servers: RestartableServer[] = [];
  private readonly applications: RestartableServer[] = [];
  private readonly secrets: Secrets;
  private readonly logs: string;
  /** What the applications are told. */
  private env: Environment;

  constructor(private readonly options: DistributedOptions) {
    this.supervisor = new Supervisor(options.say);
    this.secrets = new Secrets(join(options.directory, 'secrets'));
    this.logs = join(options.directory, 'logs');
    // The directory above is not closed to others: PostgreSQL may run as another user, who passes through it.
    mkdirSync(this.logs, { recursive: true, mode: OWNER_ONLY });
    this.env = this.given('PERENNIAL_MASTER_KEY')
      ? options.env
      : { ...options.env, PERENNIAL_MASTER_KEY_FILE: this.secrets.random('master-key') };
  }

  async startServers(): Promise<void> {
    const running = await allOrFailure([
      this.server('Kafka', 'KAFKA_BROKERS', () => this.kafka()),
      this.server('PostgreSQL', 'DATABASE_URL', () => this.postgres()),
      this.server('warehouse', 'CLICKHOUSE_URL', () => this.warehouse()),
      this.server('event store', 'EVENTSTORE_URL', () => this.eventStore()),
    ]);
    this.running.push(...running);
  }

  /** Tables and new projections; harmless when there is nothing to do. */
  async migrate(): Promise<void> {
    this.options.say('Preparing the warehouse ...');
    const log = this.log('migrate');
    await runToTheEnd('migrate', application('projector', 'migrate'), { env: this.env, log });
  }

  async startApplications(): Promise<Record<Application, string>> {
    const names = Object.keys(APPLICATIONS) as Application[];
    const running = await allOrFailure(names.map((name) => this.application(name)));
    this.running.push(...running);
    return Object.fromEntries(running.map(({ name, where }) => [name, where])) as Record<Application, string>;
  }

  /** First those that others do not need any more. */
  async stop(): Promise<void> {
    this.supervisor.release();
    for (const group of [this.applications, this.servers])
      await Promise.all(group.map((server) => server.stop()));
  }

  private given(variable: string): boolean {
    return Boolean(this.options.env[variable] || this.options.env[`${variable}_FILE`]);
  }

  private async server(name: string, variable: string, start: () => Promise<Started>): Promise<Running> {
    if (this.given(variable)) {
      return { name, where: `as ${variable} says` };
    }
    this.options.say(`Starting ${name} ...`);
    const { server, where, log, env } = await start();
    this.env = { ...this.env, ...env };
    this.servers.push(server);
    this.supervisor.watch(name, server);
    return { name, where, pid: server.pid, log };
  }

  private async kafka(): Promise<Started> {
    const dir = join(this.options.directory, 'kafka');
    const server = await startKafka({ dir });
    const brokers = server.brokers.join(',');
    return { server, where: brokers, log: join(dir, 'kafka.log'), env: { KAFKA_BROKERS: brokers } };
  }

  private async postgres(): Promise<Started> {
    const dir = join(this.options.directory, 'postgres');
    const server = await startPostgres({ dir });
    return {
      server,
      where: new URL(server.url).host,
      log: join(dir, 'postgres.log'),
      env: { DATABASE_URL_FILE: this.secrets.write('database-url', server.url) },
    };
  }

  private async warehouse(): Promise<Started> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const log = this.log('warehouse');
    const password = this.given('CLICKHOUSE_PASSWORD')
      ? {}
      : { CLICKHOUSE_PASSWORD_FILE: this.secrets.random('clickhouse-password') };
    const server = await startNodeService({
      name: 'warehouse',
      args: [...application('warehouse'), '--port', String(port)],
      env: {
        ...this.options.env,
        ...password,
        UV_THREADPOOL_SIZE: '16',
        PERENNIAL_DATA_DIRECTORY: join(this.options.directory, 'warehouse'),
      },
      log,
      ask: () => answers(`${url}/ping`),
      stopWithinMs: SERVER_STOP_MS,
    });
    return { server, where: url, log, env: { CLICKHOUSE_URL: url, ...password } };
  }

  private async eventStore(): Promise<Started> {
    const port = await freePort();
    const log = this.log('event-store');
    const file = join(this.options.directory, 'event-store.db');
    closeSync(openSync(file, 'a', 0o600)); // what SQLite keeps beside it has its mode
    const server = await startNodeService({
      name: 'event store',
      args: eventStoreDouble(file, port),
      env: this.options.env,
      log,
      ask: () => accepts(port),
      stopWithinMs: SERVER_STOP_MS,
    });
    const where = `esdb://127.0.0.1:${port}`;
    return { server, where, log, env: { EVENTSTORE_URL: `${where}?tls=false` } };
  }

  private async application(name: Application): Promise<Running> {
    const port = this.options.ports[name] || (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const log = this.log(name);
    this.options.say(`Starting ${name} ...`);
    const server = await startNodeService({
      name,
      args: [...application(name), '--port', String(port)],
      env: this.env,
      log,
      ask: () => answers(`${url}/health/ready`),
      stopWithinMs: APPLICATION_STOP_MS,
    });
    this.applications.push(server);
    this.supervisor.watch(name, server);
    return { name, where: url, pid: server.pid, log };
  }

  private log(name: string): string {
    return join(this.logs, `${name}.log`);
  }
}

/** A server of ours, and what whoever uses it has to be told. */
interface Started {
  readonly server: RestartableServer;
  readonly where: string;
  readonly log: string;
  readonly env: Environment;
}

/** Waits for all of them, also when one fails: what has started can be stopped then. */
const allOrFailure = async <Result>(all: readonly Promise<Result>[]): Promise<Result[]> => {
  const settled = await Promise.allSettled(all);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return settled.map((one) => (one as PromiseFulfilledResult<Result>).value);
};

const answers = async (url: string): Promise<void> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} was answered with ${response.status}: ${text}`);
};

const accepts = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
