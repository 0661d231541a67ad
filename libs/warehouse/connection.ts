import { Readable } from 'node:stream';
import { type ClickHouseClient, createClient } from '@clickhouse/client';
import { type ChdbConnection, createChdbConnection } from 'chdb/connection';

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
        values: lines,
        format: 'JSONEachRow',
        settings: { ...settings },
      });
    },
    close: () => client.close(),
  };
};

export interface ServerOptions {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  readonly requestTimeoutMs?: number;
}

export const serverConnection = (
  options: ServerOptions,
  maxMemoryBytes: number,
  readOnly?: ReadOnly,
): Connection => {
  const client = createClient({
    database: readOnly?.database,
    url: options.url,
    username: options.username,
    password: options.password,
    request_timeout: options.requestTimeoutMs ?? 120_000,
    // Over HTTP settings go with every request.
    clickhouse_settings: {
      ...alike(maxMemoryBytes),
      ...(readOnly && { ...readOnly.settings, readonly: '1' }),
    },
  });
  return {
    client,
    insertLines: async (table, lines, settings) => {
      await client.insert({
        table,
        values: Readable.from([lines], { objectMode: false }),
        format: 'JSONEachRow',
        clickhouse_settings: settings,
      });
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
