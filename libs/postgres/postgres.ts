import pg from 'pg';
import { PerennialError } from '#eventing/errors';
import { DatabaseUnavailable, translated } from './errors.js';
import { type Migration, migrate } from './migrate.js';

export interface PostgresLog {
  warn(fields: object, message: string): void;
}

export interface PostgresOptions {
  readonly log: PostgresLog;
  /** Of the pool; connections that listen or hold a lock come on top. */
  readonly maxConnections?: number;
}

export interface Result<Row> {
  readonly rows: readonly Row[];
  /** So many rows were changed, or returned. */
  readonly count: number;
}

/** Runs one statement. @throws DatabaseUnavailable */
export type Query = <Row = Record<string, unknown>>(
  sql: string,
  values?: readonly unknown[],
) => Promise<Result<Row>>;

/** A connection of its own, for what lives as long as a connection: locks and notifications. */
export interface Connection {
  readonly query: Query;
  /** Aborted as soon as the connection is known to be gone, also by `close`. */
  readonly lost: AbortSignal;
  onNotification(heard: (channel: string, payload: string) => void): void;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** For a server that no longer answers at all: longer than the server itself allows a statement. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;
const MAX_CONNECTIONS = 10;

// Durable on return whatever the server's default; a stricter one, that waits for replicas, stays. A server learns in
// about half a minute that a client's machine is gone, instead of in hours: until then it holds the client's locks.
const SET_UP = `
  SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') IN ('off', 'local');
  SET statement_timeout = ${STATEMENT_TIMEOUT_MS};
  SET lock_timeout = 0;
  SET idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT_MS};
  SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4;
`;

/**
 * A pool of connections to the database of an installation; all that is ours stands in its schema `perennial`.
 * TLS is as the URL says (`sslmode`).
 * @throws DatabaseUnavailable; no message holds the URL
 */
export const openPostgres = async (
  url: string,
  { log, maxConnections = MAX_CONNECTIONS }: PostgresOptions,
): Promise<Postgres> => {
  const postgres = new Postgres(configurationOf(url), maxConnections, log);
  try {
    await postgres.query('SELECT 1');
    return postgres;
  } catch (error) {
    await postgres.close();
    throw error;
  }
};

const configurationOf = (url: string): pg.ClientConfig => {
  const config: pg.ClientConfig = {
    connectionString: url,
    application_name: 'perennial',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
  try {
    new pg.Client(config);
    return config;
  } catch {
    // What is thrown repeats the URL.
    throw new PerennialError('invalid', 'database-url-invalid', 'The URL of the database cannot be read.');
  }
};

export class Postgres {
  private readonly pool: pg.Pool;
  private closed: Promise<void> | undefined;

  constructor(
    private readonly config: pg.ClientConfig,
    max: number,
    readonly log: PostgresLog,
  ) {
    this.pool = new pg.Pool({ ...config, max, onConnect: setUp });
    // An idle connection broke: the pool has dropped it, the next statement opens another.
    this.pool.on('error', (error) =>
      log.warn({ err: translated(error) }, 'A connection to PostgreSQL broke'),
    );
  }

  readonly query: Query = (sql, values = []) => run(this.pool, sql, values);

  /** All statements or none. When it fails with DatabaseUnavailable, it may nevertheless have happened. */
  async transaction<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw translated(error);
    });
    // Without a listener, a connection that breaks between two statements would end the process.
    const ignore = (): void => {};
    client.on('error', ignore);
    let broken = false;
    try {
      await run(client, 'BEGIN');
      const result = await work((sql, values = []) => run(client, sql, values));
      await run(client, 'COMMIT');
      return result;
    } catch (error) {
      broken = error instanceof DatabaseUnavailable && error.connectionLost;
      if (!broken)
        await run(client, 'ROLLBACK').catch(() => {
          broken = true;
        });
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(broken);
    }
  }

  /** Brings the tables of one part up to date; several processes may do so at once. @throws SchemaTooNew */
  migrate(part: string, migrations: readonly Migration[]): Promise<void> {
    return this.transaction((query) => migrate(query, part, migrations));
  }

  /** @throws DatabaseUnavailable */
  async connect(): Promise<Connection> {
    const client = new pg.Client(this.config);
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('end', () => lost.abort());
    try {
      await client.connect();
      await setUp(client);
    } catch (error) {
      await client.end().catch(() => {});
      throw translated(error);
    }
    return {
      query: (sql, values = []) => run(client, sql, values),
      lost: lost.signal,
      onNotification: (heard) => {
        client.on('notification', ({ channel, payload }) => heard(channel, payload ?? ''));
      },
      close: async () => {
        lost.abort();
        await client.end().catch(() => {});
      },
    };
  }

  /** Harmless when it is closed already. */
  close(): Promise<void> {
    this.closed ??= this.pool.end();
    return this.closed;
  }
}

const setUp = async (client: pg.ClientBase): Promise<void> => {
  await client.query(SET_UP);
};

const run = async <Row>(
  client: pg.Pool | pg.ClientBase,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Result<Row>> => {
  try {
    const { rows, rowCount } = await client.query(sql, [...values]);
    return { rows: rows as Row[], count: rowCount ?? 0 };
  } catch (error) {
    throw translated(error);
  }
};
