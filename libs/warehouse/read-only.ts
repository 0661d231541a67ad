import type { Readable } from 'node:stream';
import { invalid } from '#eventing/errors';
import { SqlTextError, significant, statements, type Token } from './sql-text.js';
import type { QueryParameters, Warehouse } from './warehouse.js';

/** What one query of somebody outside may use up. */
export interface QueryLimits {
  readonly maxMemoryBytes: number;
  readonly maxSeconds: number;
  readonly maxRows: number;
}

/** How many queries run side by side; more wait for their turn. */
const CONNECTIONS = 4;

/** Connections that can only read: the engine itself refuses everything else on them. */
export class ReadOnlyWarehouse {
  private readonly free: Warehouse[] = [];
  private readonly waiting: ((connection: Warehouse) => void)[] = [];
  private opened = 0;

  constructor(
    private readonly warehouse: Warehouse,
    private readonly limits: QueryLimits,
  ) {}

  /**
   * The answer to one query in a format of ClickHouse's, as bytes.
   * @param format used where the query itself names none
   * @throws PerennialError `sql-invalid` for what is not one query; the engine's error for what it refuses
   */
  async query(
    sql: string,
    format: string,
    params?: QueryParameters,
  ): Promise<{ format: string; body: Readable }> {
    const own = formatIn(sql);
    const statement = own ? sql : `${sql.replace(/[\s;]+$/, '')}\nFORMAT ${checkedFormat(format)}`;
    return this.withConnection(async ({ client }) => {
      const { stream } = await client.exec({ query: statement, query_params: { ...params } });
      return { format: own ?? format, body: stream };
    });
  }

  /** The rows of a query, of at most `maxRows`. */
  rows<Row>(sql: string, params?: QueryParameters): Promise<Row[]> {
    return this.withConnection((connection) => connection.rows<Row>(sql, params));
  }

  private async withConnection<Result>(use: (connection: Warehouse) => Promise<Result>): Promise<Result> {
    const connection = await this.acquire();
    try {
      return await use(connection);
    } finally {
      const next = this.waiting.shift();
      if (next) next(connection);
      else this.free.push(connection);
    }
  }

  private async acquire(): Promise<Warehouse> {
    const connection = this.free.pop();
    if (connection) return connection;
    if (this.opened >= CONNECTIONS) return new Promise((resolve) => this.waiting.push(resolve));
    this.opened += 1;
    return readOnly(await this.warehouse.connect(), this.limits);
  }
}

/** `readonly` comes last: after it no setting can be changed, not even by SETTINGS inside a query. */
const readOnly = async (connection: Warehouse, limits: QueryLimits): Promise<Warehouse> => {
  await connection.command(
    `SET max_memory_usage = ${limits.maxMemoryBytes}, max_execution_time = ${limits.maxSeconds},
       max_result_rows = ${limits.maxRows}, result_overflow_mode = 'throw', timeout_overflow_mode = 'throw',
       readonly = 1`,
  );
  return connection;
};

const checkedFormat = (format: string): string => {
  if (!/^[A-Za-z0-9]{1,60}$/.test(format))
    throw invalid('sql-invalid', `${format.slice(0, 60)} is no format.`);
  return format;
};

/**
 * The format that a query names at its end. What the engine does not refuse by itself is refused here: it runs
 * several statements one after the other, and writes files even when it is read-only.
 */
const formatIn = (sql: string): string | undefined => {
  const words = wordsOf(sql);
  const outfile = words.findIndex(({ text }) => text.toUpperCase() === 'OUTFILE');
  if (outfile > 0 && words[outfile - 1]?.text.toUpperCase() === 'INTO')
    throw invalid('sql-invalid', 'INTO OUTFILE is not allowed: the answer comes back to you.');
  const [word, name] = words.slice(-2);
  return word?.text.toUpperCase() === 'FORMAT' && name?.kind === 'word' ? name.text : undefined;
};

const wordsOf = (sql: string): Token[] => {
  try {
    const all = statements(sql);
    if (all.length !== 1) throw invalid('sql-invalid', `One query at a time; these are ${all.length}.`);
    return significant(all[0] as string);
  } catch (error) {
    if (error instanceof SqlTextError) throw invalid('sql-invalid', error.message);
    throw error;
  }
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
