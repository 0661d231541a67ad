import type { Readable } from 'node:stream';
import { invalid } from '#eventing/errors';
import { QueryGuard } from './query-guard.js';
import type { QueryParameters, Warehouse } from './warehouse.js';

/** What one query of somebody outside may use up. */
export interface QueryLimits {
  readonly maxMemoryBytes: number;
  readonly maxSeconds: number;
  readonly maxRows: number;
}

/** How many queries run side by side; more wait for their turn. */
const CONNECTIONS = 4;

interface Reader {
  readonly connection: Warehouse;
  readonly guard: QueryGuard;
}

/** Connections that can only read: what the engine itself does not refuse on them is refused before it gets there. */
export class ReadOnlyWarehouse {
  private readonly free: Reader[] = [];
  private readonly waiting: ((reader: Reader) => void)[] = [];
  private opened = 0;

  constructor(
    private readonly warehouse: Warehouse,
    private readonly limits: QueryLimits,
  ) {}

  /**
   * The answer to one query in a format of ClickHouse's, as bytes. Names that name no database mean those in crm.
   * @param format used where the query itself names none
   * @throws PerennialError `sql-invalid`, `sql-not-allowed`; the engine's error for what it refuses
   */
  async query(
    sql: string,
    format: string,
    params?: QueryParameters,
  ): Promise<{ format: string; body: Readable }> {
    checkFormat(format);
    return this.withReader(async ({ connection, guard }) => {
      const guarded = await guard.check(sql);
      const query = guarded.format ? guarded.sql : `${guarded.sql}\nFORMAT ${format}`;
      const { stream } = await connection.client.exec({ query, query_params: { ...params } });
      return { format: guarded.format ?? format, body: stream };
    });
  }

  /** The rows of a query that this program wrote, of at most `maxRows`. */
  rows<Row>(sql: string, params?: QueryParameters): Promise<Row[]> {
    return this.withReader(({ connection }) => connection.rows<Row>(sql, params));
  }

  private async withReader<Result>(use: (reader: Reader) => Promise<Result>): Promise<Result> {
    const reader = await this.acquire();
    try {
      return await use(reader);
    } finally {
      const next = this.waiting.shift();
      if (next) next(reader);
      else this.free.push(reader);
    }
  }

  private async acquire(): Promise<Reader> {
    const reader = this.free.pop();
    if (reader) return reader;
    if (this.opened >= CONNECTIONS) return new Promise((resolve) => this.waiting.push(resolve));
    this.opened += 1;
    try {
      return await this.open();
    } catch (error) {
      this.opened -= 1;
      throw error;
    }
  }

  private async open(): Promise<Reader> {
    const { maxMemoryBytes, maxSeconds, maxRows } = this.limits;
    const connection = await this.warehouse.connectReadOnly({
      database: 'crm',
      settings: {
        max_memory_usage: maxMemoryBytes,
        max_execution_time: maxSeconds,
        max_result_rows: maxRows,
        result_overflow_mode: 'throw',
        timeout_overflow_mode: 'throw',
        output_format_json_quote_decimals: 0, // what tools of analysts expect of ClickHouse
      },
    });
    try {
      return { connection, guard: await QueryGuard.on(connection) };
    } catch (error) {
      await connection.close();
      throw error;
    }
  }
}

const checkFormat = (format: string): void => {
  if (!/^[A-Za-z0-9]{1,60}$/.test(format))
    throw invalid('sql-invalid', `${format.slice(0, 60)} is no format.`);
};

const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^JSON(Compact)?(Strings)?EachRow|^JSONLines|^NDJSON/, 'application/x-ndjson; charset=utf-8'],
  [/^JSON/, 'application/json; charset=utf-8'],
  [/^CSV/, 'text/csv; charset=utf-8'],
  [/^(TSV|TabSeparated)/, 'text/tab-separated-values; charset=utf-8'],
  [/^(Pretty|Markdown|Vertical|Values|SQLInsert)/, 'text/plain; charset=utf-8'],
  [/^Parquet/, 'application/vnd.apache.parquet'],
  [/^ArrowStream/, 'application/vnd.apache.arrow.stream'],
  [/^Arrow/, 'application/vnd.apache.arrow.file'],
  [/^XML/, 'application/xml; charset=utf-8'],
];

export const contentTypeOf = (format: string): string =>
  CONTENT_TYPES.find(([pattern]) => pattern.test(format))?.[1] ?? 'application/octet-stream';
