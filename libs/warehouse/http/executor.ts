import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { brokenParts } from '../broken-parts.js';
import { DeduplicationTokens } from '../deduplication-tokens.js';
import { type Answer, ClientGone, type Summary } from './answer.js';
import type { Received } from './body.js';
import { EngineConnection } from './engine.js';
import { CODES, exception } from './exception.js';
import { FailedWrites } from './failed-writes.js';
import { type QueryRequest, quoted } from './request.js';
import { ResultPipes } from './result-pipes.js';
import { RunningQueries } from './running-queries.js';
import { Sessions } from './sessions.js';
import { Spool } from './spool.js';
import type { Statement } from './statement.js';
import { Turns } from './turns.js';

export interface ExecutorOptions {
  /** This process's alone: see `lockDataDirectory`. */
  readonly directory: string;
  /** Queries at once. Each holds a thread of the process's pool, of which some must be left for others. */
  readonly concurrency: number;
  readonly longestQueue: number;
  readonly maxMemoryBytes: number;
  /** The most that one insert may bring, as it comes. */
  readonly maxBodyBytes: number;
}

/** How often is looked for merges whose writes failed. */
const WATCH_MS = 500;
const DEFAULT_FORMAT = 'TabSeparated';

/**
 * Runs queries on chDB as a ClickHouse server does. A setting given to chDB stays on its connection, an insert's
 * deduplication token, say, which then silently drops later inserts. So each query has a connection of its own, which
 * goes with it; only sessions keep one.
 */
export class Executor {
  readonly running: RunningQueries;
  readonly writes: FailedWrites;
  /** Directories of parts that the engine laid aside because they were broken. */
  readonly broken: readonly string[];
  readonly turns: Turns;
  private readonly pipes: ResultPipes;
  private readonly sessions: Sessions;
  private readonly spool: Spool;
  /** Keeps the engine up, which else would start and stop with each query. */
  private anchor: EngineConnection;
  private watch: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly options: ExecutorOptions) {
    const connect = () => new EngineConnection(options.directory);
    const tokens = new DeduplicationTokens(options.directory);
    tokens.forgetOrphaned();
    this.anchor = connect();
    this.broken = brokenParts(options.directory);
    if (tokens.mayBeOrphaned) {
      this.anchor.closeUnused();
      tokens.forgetOrphaned();
      this.anchor = connect();
    }
    this.writes = new FailedWrites(options.directory);
    this.watchMerges();
    this.running = new RunningQueries(connect);
    this.sessions = new Sessions(connect);
    this.turns = new Turns(options.concurrency, options.longestQueue);
    this.spool = new Spool(`${options.directory}-incoming`, options.maxBodyBytes);
    this.pipes = new ResultPipes(`${options.directory}-answers`, options.concurrency);
  }

  /**
   * @param gone when nobody waits for the answer any more: a question then ends, a change is finished all the same
   * @throws ClickHouseException
   */
  async run(request: QueryRequest, received: Received, answer: Answer, gone: AbortSignal): Promise<void> {
    const { statement } = received;
    // The rows are there before the query takes its place among those that run.
    const summary =
      statement.kind === 'insert'
        ? await this.spool.with(received.data, (path) => {
            const sql = statement.from(path, received.packing);
            return this.inTurn(request, statement, answer, gone, async (connection) => {
              const { rowsRead, bytesRead } = await connection.run(sql);
              return {
                readRows: rowsRead,
                readBytes: bytesRead,
                writtenRows: rowsRead,
                writtenBytes: bytesRead,
              };
            });
          })
        : await this.inTurn(request, statement, answer, gone, (connection) =>
            this.answered(connection, request, statement, answer),
          );
    await answer.finish(summary);
  }

  private inTurn(
    request: QueryRequest,
    statement: Statement,
    answer: Answer,
    gone: AbortSignal,
    execute: (connection: EngineConnection) => Promise<Summary>,
  ): Promise<Summary> {
    const id = request.id ?? randomUUID();
    answer.header('X-ClickHouse-Query-Id', id);
    const work = async (connection: EngineConnection, restores: boolean) => {
      if (statement.kind === 'insert') this.writes.refuseWhenFull();
      const restore = restores ? await settingsBefore(connection, request) : undefined;
      await this.prepare(connection, request, statement, id);
      try {
        const summary = await execute(connection);
        if (statement.kind !== 'reading') await this.writes.check(connection);
        return summary;
      } finally {
        if (restore) await connection.run(restore);
      }
    };
    if (statement.kind === 'reading') gone.addEventListener('abort', () => void this.running.kill(id));
    return this.running.run(id, () =>
      this.turns.take(() => {
        if (statement.kind === 'reading' && gone.aborted) throw new ClientGone();
        if (request.session)
          return this.sessions.use(request.session, (connection) => work(connection, true));
        return this.onNewConnection((connection) => work(connection, false));
      }),
    );
  }

  /** Takes nothing more, lets what is under way go on for so long, then kills it. */
  async close(graceMs: number): Promise<void> {
    this.turns.close();
    this.closed = true;
    clearTimeout(this.watch);
    await Promise.race([this.running.ended(), sleep(graceMs, undefined, { ref: false })]);
    await this.running.killAll();
    await this.sessions.closeAll();
    await this.anchor.close();
    this.pipes.close();
  }

  /** Merges run when nobody asks. A failure is told by `writes.failed`. */
  private watchMerges(): void {
    this.watch = setTimeout(async () => {
      await this.writes.check(this.anchor).catch(() => {});
      if (!this.closed) this.watchMerges();
    }, WATCH_MS).unref();
  }

  private async onNewConnection<Result>(
    use: (connection: EngineConnection) => Promise<Result>,
  ): Promise<Result> {
    const connection = new EngineConnection(this.options.directory);
    try {
      return await use(connection);
    } finally {
      await connection.close();
    }
  }

  private async prepare(
    connection: EngineConnection,
    { database, settings, params, readOnly, session }: QueryRequest,
    statement: Statement,
    id: string,
  ): Promise<void> {
    if (database && database !== 'default') await connection.run(`USE \`${database.replaceAll('`', '``')}\``);
    const all = new Map([
      ['async_insert', '0'], // on by default in the engine: an insert would be acknowledged before it is there
      ['max_memory_usage', String(this.options.maxMemoryBytes)], // without it the engine has no limit
      ...settings,
      ['log_comment', [id, settings.get('log_comment')].join('\n')], // by which it can be killed
    ]);
    if (readOnly && !isOn(all.get('readonly'))) all.set('readonly', '2'); // as ClickHouse answers a GET
    if (session && isOn(all.get('readonly')) && statement.kind !== 'reading')
      throw exception(CODES.readOnly, 'READONLY', 'Cannot execute query in readonly mode.');
    if (session) all.delete('readonly'); // it could never be taken back
    const values = [...all, ...[...params].map(([name, value]) => [`param_${name}`, value] as const)];
    await connection.run(`SET ${values.map(([name, value]) => `${name} = ${quoted(value)}`).join(', ')}`);
  }

  private async answered(
    connection: EngineConnection,
    request: QueryRequest,
    statement: Exclude<Statement, { kind: 'insert' }>,
    answer: Answer,
  ): Promise<Summary> {
    const format = checkedFormat(request.format ?? DEFAULT_FORMAT);
    answer.describe(statement.kind === 'reading' ? (statement.format ?? format) : format);
    if (statement.kind === 'other') {
      const { bytes, rowsRead, bytesRead } = await connection.run(statement.sql, format);
      if (bytes.length > 0) await answer.write(bytes);
      return { readRows: rowsRead, readBytes: bytesRead };
    }
    let over = () => {};
    try {
      const { rowsRead, bytesRead } = await this.pipes.through(
        (path) => connection.run(statement.into(path, format)),
        (pipe) =>
          answer.take(pipe).catch((error: unknown) => {
            over = this.writes.answerCutOff();
            throw error;
          }),
      );
      return { readRows: rowsRead, readBytes: bytesRead };
    } finally {
      over();
    }
  }
}

const isOn = (value: string | undefined): boolean => value !== undefined && value !== '0';

const checkedFormat = (format: string): string => {
  if (!/^\w{1,60}$/.test(format))
    throw exception(CODES.unknownFormat, 'UNKNOWN_FORMAT', `Unknown format ${format.slice(0, 60)}`);
  return format;
};

/** What sets back the settings that a request brings into a session: they hold for this request alone. */
const settingsBefore = async (
  connection: EngineConnection,
  { settings }: QueryRequest,
): Promise<string | undefined> => {
  const names = [...settings.keys()].filter((name) => name !== 'readonly' && name !== 'log_comment');
  if (names.length === 0) return undefined;
  const { bytes } = await connection.run(
    `SELECT name, value FROM system.settings WHERE name IN (${names.map(quoted).join(', ')}) FORMAT JSONCompactEachRow`,
  );
  const rows = Buffer.from(bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as [string, string]);
  if (rows.length === 0) return undefined; // unknown names: the engine says so
  return `SET ${rows.map(([name, value]) => `${name} = ${quoted(value)}`).join(', ')}`;
};
