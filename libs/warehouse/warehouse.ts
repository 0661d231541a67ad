import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import {
  type Connection,
  embeddedConnection,
  type ReadOnly,
  type ServerOptions,
  type Settings,
  serverConnection,
} from './connection.js';
import { DeduplicationTokens } from './deduplication-tokens.js';
import { checkServerVersion } from './server-version.js';
import { forCluster } from './table-engine.js';
import { unavailableOr } from './warehouse-unavailable.js';

/** Values bound to `{name:Type}` in a statement; never spliced into its text. */
export type QueryParameters = Readonly<Record<string, unknown>>;

/**
 * One connection to the warehouse. On the embedded engine statements sent on it run one after the other; whoever must
 * not wait for others takes a connection of its own (`connect`). On a server each may fail with WarehouseUnavailable or
 * ServerTooOld.
 */
export interface Warehouse {
  readonly client: ClickHouseClient;
  /** The ClickHouse cluster on which tables are replicated; undefined for one server. */
  readonly cluster?: string;
  /**
   * Whether the engine may have the token of an insert without its rows, after it was killed between writing the one
   * and naming the other: a single server may. The embedded engine is made to forget such tokens before it opens, and
   * in a cluster both become known at once.
   */
  readonly mayLackRows: boolean;
  /** The rows of a SELECT, Decimals as strings, 64-bit integers as numbers. */
  rows<Row>(sql: string, params?: QueryParameters): Promise<Row[]>;
  /** Runs a statement written for one server; on a cluster it is sent as `forCluster` has it. */
  command(sql: string, params?: QueryParameters): Promise<void>;
  /** Inserts JSON lines as they are; `settings` (a deduplication token, say) hold for this insert alone. */
  insertLines(table: string, lines: Buffer | string, settings?: Settings): Promise<void>;
  connect(): Promise<Warehouse>;
  /** A connection on which the engine refuses everything but reading; its settings can no longer be changed. */
  connectReadOnly(readOnly: ReadOnly): Promise<Warehouse>;
  /** Kills what still runs on an embedded engine, then closes this connection and those opened from it. */
  close(): Promise<void>;
}

export { WarehouseUnavailable } from './warehouse-unavailable.js';

export type WarehouseOptions = ({ readonly dir: string } | ServerOptions) & {
  /** Most memory one query may take; default 4 GiB. */
  readonly maxMemoryBytes?: number;
};

const DEFAULT_MEMORY = 4 * 1024 ** 3;

/**
 * Opens the warehouse: chDB on a directory that is this process's alone (see `lockDataDirectory`), or a ClickHouse server
 * by its URL.
 */
export const openWarehouse = async (options: WarehouseOptions): Promise<Warehouse> => {
  const memory = options.maxMemoryBytes ?? DEFAULT_MEMORY;
  if (!('dir' in options))
    return new Connected(
      async (readOnly) => serverConnection(options, memory, readOnly),
      false,
      options.cluster,
    ).open();
  const dir = resolve(options.dir);
  mkdirSync(dir, { recursive: true });
  const open = () => new Connected((readOnly) => embeddedConnection(dir, memory, readOnly), true).open();
  const tokens = new DeduplicationTokens(dir);
  tokens.forgetOrphaned();
  const opened = await open();
  if (!tokens.mayBeOrphaned) return opened;
  await opened.close();
  tokens.forgetOrphaned();
  return open();
};

class Connected implements Warehouse {
  private connection!: Connection;
  private readonly children = new Set<Connected>();
  private closing: Promise<void> | undefined;
  private checked: Promise<void> | undefined;

  constructor(
    private readonly make: (readOnly?: ReadOnly) => Promise<Connection>,
    private readonly embedded: boolean,
    readonly cluster?: string,
    private readonly parent?: Connected,
  ) {}

  async open(readOnly?: ReadOnly): Promise<this> {
    this.connection = await this.make(readOnly);
    this.parent?.children.add(this);
    return this;
  }

  get mayLackRows(): boolean {
    return !this.embedded && this.cluster === undefined;
  }

  get client(): ClickHouseClient {
    return this.connection.client;
  }

  async rows<Row>(sql: string, params?: QueryParameters): Promise<Row[]> {
    await this.fit();
    try {
      const result = await this.client.query({
        query: sql,
        format: 'JSONEachRow',
        query_params: { ...params },
      });
      return await result.json<Row>();
    } catch (error) {
      return unavailableOr(error);
    }
  }

  async command(sql: string, params?: QueryParameters): Promise<void> {
    await this.fit();
    const query = this.cluster === undefined ? sql : forCluster(sql, this.cluster);
    await this.client.command({ query, query_params: { ...params } }).catch(unavailableOr);
  }

  async insertLines(table: string, lines: Buffer | string, settings: Settings = {}): Promise<void> {
    await this.fit();
    return this.connection.insertLines(table, lines, {
      async_insert: 0,
      date_time_input_format: 'best_effort', // events carry ISO 8601 instants
      ...settings,
    });
  }

  connect(): Promise<Warehouse> {
    return new Connected(this.make, this.embedded, this.cluster, this).open();
  }

  connectReadOnly(readOnly: ReadOnly): Promise<Warehouse> {
    return new Connected(this.make, this.embedded, this.cluster, this).open(readOnly);
  }

  close(): Promise<void> {
    this.closing ??= this.shut();
    return this.closing;
  }

  /** A server is asked for its version before its first statement, because it need not be there when this is opened. */
  private async fit(): Promise<void> {
    if (this.embedded) return;
    if (this.parent) return this.parent.fit();
    this.checked ??= checkServerVersion(this.client);
    try {
      await this.checked;
    } catch (error) {
      this.checked = undefined;
      throw error;
    }
  }

  private async shut(): Promise<void> {
    this.parent?.children.delete(this);
    if (this.embedded && !this.parent) await this.killQueries();
    for (const child of this.children) await child.close();
    await this.connection.close();
    // The engine counts a connection until its last query has ended, and refuses another directory until then.
    if (this.embedded && !this.parent) await (await import('chdb')).drainPending();
  }

  /** A process cannot exit while a query runs in it. */
  private async killQueries(): Promise<void> {
    const killer = await this.make();
    try {
      await killer.client.command({ query: 'KILL QUERY WHERE query_id != queryID() ASYNC' });
    } finally {
      await killer.close();
    }
  }
}
