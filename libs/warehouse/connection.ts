import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { ChdbConnection } from 'chdb/connection';
import { unavailableOr } from './warehouse-unavailable.js';

export type SettingValue = string | number | boolean;
export type Settings = Readonly<Record<string, SettingValue>>;

/** One connection to the engine, in the process or over HTTP; the SQL is the same on both. */
export interface Connection {
  readonly client: ClickHouseClient;
  /** One JSON object per line, handed to the engine as bytes; settings hold for this insert only. */
  insertLines(table: string, lines: Buffer | string, settings: Settings): Promise<void>;
  close(): Promise<void>;
}

/** What both engines are told once, so that the same query answers the same on either. */
const alike = (maxMemoryBytes: number): Settings => ({
  async_insert: 0, // on by default in the engine: an insert would be acknowledged before it is there
  session_timezone: 'UTC', // otherwise the zone of the process decides what a date is
  output_format_json_quote_64bit_integers: 0, // positions and revisions are safe integers
  output_format_json_quote_decimals: 1, // money stays exact: a decimal string
  max_memory_usage: maxMemoryBytes, // the embedded engine has no limit of its own
});

/** For queries of people outside: the engine refuses to change anything, settings among them. */
export interface ReadOnly {
  /** The database in which names are looked up that name none. */
  readonly database: string;
  readonly settings: Settings;
}

/**
 * The engine runs the statements of one connection one after the other, too, but one that waits inside it holds a
 * thread of the few that the process has; out here it holds none. What a query had put out when it failed stays in
 * the engine, which would put it before the answer to the next one: so it is fetched, and dropped, before that.
 */
const inTurn = (connection: ChdbConnection) => {
  let last: Promise<unknown> = Promise.resolve();
  const dropLeftOver = () => connection.command({ query: 'SELECT 1 FORMAT Null' });
  const queued =
    <Params, Result>(run: (params: Params) => Promise<Result>) =>
    (params: Params): Promise<Result> => {
      const result = last.then(() => run(params));
      last = result.catch(dropLeftOver).catch(() => undefined); // a closed connection answers nobody any more
      return result;
    };
  return {
    query: queued(connection.query.bind(connection)),
    command: queued(connection.command.bind(connection)),
    exec: queued(connection.exec.bind(connection)),
    insert: queued(connection.insert.bind(connection)),
    ping: queued(connection.ping.bind(connection)),
    close: () => connection.close(),
  };
};

type ClientConnection = NonNullable<Parameters<typeof createClient>[0]>['connection'];

export const embeddedConnection = async (
  dir: string,
  maxMemoryBytes: number,
  readOnly?: ReadOnly,
): Promise<Connection> => {
  // Loaded only here: half a gigabyte of engine, which a process that talks to a server can do without.
  const { createChdbConnection } = await import('chdb/connection');
  const connection: ChdbConnection = createChdbConnection({ path: dir });
  // chDB is typed against another release of the client's types, which differs in names of settings only.
  const client = createClient({ connection: inTurn(connection) as unknown as ClientConnection });
  try {
    await client.command({ query: set(alike(maxMemoryBytes)) });
    if (readOnly) {
      await client.command({ query: `USE ${readOnly.database}` });
      // After this statement no setting can be changed on this connection, not even inside a query.
      await client.command({ query: set({ ...readOnly.settings, readonly: 1 }) });
    }
  } catch (error) {
    await client.close();
    throw error;
  }
  return {
    client,
    insertLines: async (table, lines, settings) => {
      // The settings stand inside the statement: on an embedded connection any other way they would stay for good.
      await connection.chdb.rawInsert({
        table,
        values: withoutBlankLines(lines),
        format: 'JSONEachRow',
        settings: { ...settings },
      });
      await checkWrites(client);
    },
    close: () => client.close(),
  };
};

/**
 * chDB passes over a write that the disk refuses, and only counts it: what it then calls inserted or merged is broken.
 * @throws WriteRefused when there was one since the start of this process
 */
const checkWrites = async (client: ClickHouseClient): Promise<void> => {
  const result = await client.query({ query: COUNT_OF_REFUSED_WRITES, format: 'JSONEachRow' });
  const [row] = await result.json<{ value: number }>();
  if (row && Number(row.value) > 0) throw new WriteRefused();
};

/** It is of no use to try again, or something else: the process must end, and the next start sets things right. */
export class WriteRefused extends Error {
  constructor() {
    super('The disk refused a write of the warehouse (is it full?): this process must be started again.');
    this.name = 'WriteRefused';
  }
}

export const COUNT_OF_REFUSED_WRITES = `SELECT value FROM system.events WHERE event = 'WriteBufferFromFileDescriptorWriteFailed'`;

/** At a blank line the embedded engine takes the data for ended, and **runs what follows as SQL**. JSON needs none. */
const withoutBlankLines = (lines: Buffer | string): Buffer | string =>
  BLANK_LINE.test(lines.toString('latin1')) ? lines.toString().replace(BLANK_LINES, '\n') : lines;
const BLANK_LINE = /\n\s*\n/;
const BLANK_LINES = /\n\s*\n/g;

export interface ServerOptions {
  /** Of ClickHouse's HTTP interface. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** The cluster on which tables are replicated; letters, digits and underscores. Left out: one server. */
  readonly cluster?: string;
  /** How long the server may be silent; a statement that takes longer must tell its progress meanwhile, and does. */
  readonly requestTimeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 120_000;
/**
 * What is acknowledged is on most replicas, so that none takes it away with it: claims speak of rows that are there.
 * Inserts into one table may run side by side, which rules `select_sequential_consistency` out: see `caughtUp`.
 */
const ON_REPLICAS = {
  insert_quorum: 'auto',
  insert_quorum_parallel: 1,
  insert_quorum_timeout: 60_000,
  alter_sync: '2', // a changed table is changed on all of them: the next insert may go to any
} as const;

/** Statements at once on one connection; more wait for one of these sockets. */
const SOCKETS = 10;

export const serverConnection = (
  { url, username, password, cluster, requestTimeoutMs = DEFAULT_TIMEOUT_MS }: ServerOptions,
  maxMemoryBytes: number,
  readOnly?: ReadOnly,
): Connection => {
  const client = createClient({
    database: readOnly?.database,
    url,
    username,
    password,
    request_timeout: requestTimeoutMs,
    max_open_connections: SOCKETS,
    // A socket is dropped before the server drops it, also when this process was late to notice the time.
    keep_alive: { enabled: true, idle_socket_ttl: 2_500, eagerly_destroy_stale_sockets: true },
    // A column of progress headers grows with the time that a statement takes.
    max_response_headers_size: 1024 * 1024,
    use_multipart_params_auto: true, // proxies refuse long addresses
    // Failures are thrown; the client would print them too, with the text of the query.
    log: { level: ClickHouseLogLevel.OFF },
    // Over HTTP settings go with every request.
    clickhouse_settings: {
      ...alike(maxMemoryBytes),
      ...(cluster !== undefined && !readOnly && ON_REPLICAS),
      ...readOnly?.settings,
      send_progress_in_http_headers: 1,
      http_headers_progress_interval_ms: String(Math.max(1000, Math.floor(requestTimeoutMs / 4))),
      ...(readOnly && { readonly: '1' }),
    },
  });
  return {
    client,
    insertLines: async (table, lines, settings) => {
      if (lines.length === 0) return;
      // As a statement with a body: what the client calls an insert takes objects only, and makes text of each.
      const { stream } = await client
        .exec({
          query: `INSERT INTO ${table} FORMAT JSONEachRow`,
          values: Readable.from([lines], { objectMode: false }),
          clickhouse_settings: settings,
        })
        .catch(unavailableOr);
      await finished(stream.resume()).catch(unavailableOr);
    },
    close: () => client.close(),
  };
};

const set = (settings: Settings): string =>
  `SET ${Object.entries(settings)
    .map(([name, value]) => `${name} = ${literal(value)}`)
    .join(', ')}`;

/** A setting's value as SQL; names and values come from code, never from outside. */
const literal = (value: SettingValue): string =>
  typeof value === 'string'
    ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : String(Number(value));
