import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Logger } from '#platform/logging';
import { brokenParts, LAID_ASIDE } from '../broken-parts.js';
import { type Credentials, checkAccess } from './access.js';
import { Answer, ClientGone } from './answer.js';
import { type Received, receive } from './body.js';
import { ClickHouseException, CODES } from './exception.js';
import { Executor, type ExecutorOptions } from './executor.js';
import { formFields, type QueryRequest, requestOf } from './request.js';
import { tooLong } from './spool.js';
import type { Statement } from './statement.js';

/** What is told of a query when it has ended. */
export interface EndedQuery {
  readonly kind: Statement['kind'];
  /** Abandoned: whoever asked has not waited for the answer. */
  readonly outcome: 'finished' | 'failed' | 'abandoned';
  readonly milliseconds: number;
}

export interface WarehouseServerOptions extends ExecutorOptions, Credentials {
  readonly host: string;
  readonly port: number;
  readonly log: Logger;
  readonly onQuery: (query: EndedQuery) => void;
  /** Answered to everybody under /metrics. */
  readonly metrics: { readonly type: string; text(): Promise<string> };
}

export interface WarehouseStatus {
  readonly running: number;
  /** Queries that wait until others have ended. */
  readonly waiting: number;
  /** Parts that the engine laid aside because they were broken, and that nobody has removed. */
  readonly brokenParts: number;
  /** Inserts that were refused because the disk is nearly full; they may be sent again. */
  readonly refusedInserts: number;
  /** Writes of the engine that the disk refused; the process ends with the first. */
  readonly refusedWrites: number;
}

export interface WarehouseServer {
  readonly url: string;
  /** Fails when the disk refused a write: the process must end, and be started again. */
  readonly failed: Promise<never>;
  status(): WarehouseStatus;
  /** Takes no more queries, lets those under way go on for so long, and kills what then still runs. */
  close(graceMs?: number): Promise<void>;
}

const GRACE_MS = 3000;
/** As much as ClickHouse takes: parameters stand in there. */
const LONGEST_URL = 1024 * 1024;
const LONGEST_FORM = 64 * 1024 * 1024;
const MOST_OFTEN_MS = 1000;
const OK = 'Ok.\n';

/** chDB on one directory behind ClickHouse's HTTP interface. */
export const startWarehouseServer = async (options: WarehouseServerOptions): Promise<WarehouseServer> => {
  const executor = new Executor(options);
  let refusedInserts = 0;
  if (executor.broken.length > 0) options.log.error({ parts: executor.broken }, LAID_ASIDE);
  const server = createServer(
    { maxHeaderSize: LONGEST_URL, keepAliveTimeout: 30_000 },
    (request, response) => {
      serve(request, response).catch((error: unknown) => {
        options.log.error({ err: error }, 'a query failed for no reason of its own');
        response.destroy();
      });
    },
  );

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('error', () => {}); // whoever is gone is seen by `close`
    const url = new URL(request.url ?? '/', 'http://server');
    const fixed = fixedAnswer(request, url) ?? (await stateOf(url));
    if (fixed) {
      const { status, text, type = 'text/plain; charset=UTF-8' } = fixed;
      request.resume();
      response.writeHead(status, { 'Content-Type': type }).end(text);
      return;
    }
    response.setHeader('X-ClickHouse-Server-Display-Name', hostname());
    response.setHeader(
      'X-ClickHouse-Timezone',
      process.env.TZ ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    );
    let answer = new Answer(request, response, { compress: false, whole: false });
    try {
      checkAccess(request, url, options);
      const form = await formOf(request);
      const query = requestOf(request, url, form);
      answer = new Answer(request, response, {
        compress: query.settings.get('enable_http_compression') === '1',
        whole: query.whole,
      });
      keepAlive(request, response, query.settings);
      await run(query, await receive(request, query.query), answer, goneOf(response));
    } catch (error) {
      if (error instanceof ClientGone || (request.destroyed && !request.complete)) return;
      if (!(error instanceof ClickHouseException)) throw error;
      if (!request.complete) response.setHeader('Connection', 'close');
      await answer.fail(error);
      request.resume();
    }
  };

  const stateOf = async ({ pathname }: URL): Promise<FixedAnswer | undefined> => {
    if (pathname === '/metrics')
      return { status: 200, text: await options.metrics.text(), type: options.metrics.type };
    if (pathname !== '/health/ready') return undefined;
    const { length } = brokenParts(options.directory);
    return { status: 200, text: length === 0 ? OK : `${OK}Degraded: ${length} ${LAID_ASIDE}\n` };
  };

  const run = async (query: QueryRequest, received: Received, answer: Answer, gone: AbortSignal) => {
    const began = performance.now();
    const { kind } = received.statement;
    const ended = (outcome: EndedQuery['outcome']) =>
      options.onQuery({ kind, outcome, milliseconds: performance.now() - began });
    try {
      await executor.run(query, received, answer, gone);
      ended('finished');
    } catch (error) {
      const full = error instanceof ClickHouseException && error.code === CODES.notEnoughSpace;
      if (full && kind === 'insert') refusedInserts += 1;
      ended(gone.aborted ? 'abandoned' : 'failed');
      throw error;
    }
  };

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  }).catch(async (error: unknown) => {
    await executor.close(0);
    throw error;
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address === '0.0.0.0' ? '127.0.0.1' : address}:${port}`,
    failed: executor.writes.failed,
    status: () => ({
      running: executor.turns.running,
      waiting: executor.turns.queued,
      brokenParts: brokenParts(options.directory).length,
      refusedInserts,
      refusedWrites: executor.writes.refused,
    }),
    close: async (graceMs = GRACE_MS) => {
      const closed = new Promise((resolve) => server.close(resolve));
      await executor.close(graceMs);
      server.closeAllConnections();
      await closed;
    },
  };
};

/** The fields of a form, in which parameters stand that are too long for an address. */
const formOf = async (request: IncomingMessage): Promise<ReadonlyMap<string, string> | undefined> => {
  const type = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data/i.test(type)) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > LONGEST_FORM) throw tooLong(LONGEST_FORM);
  }
  return formFields(Buffer.concat(chunks), type);
};

interface FixedAnswer {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
}

/** What is answered to everybody, without a query. */
const fixedAnswer = ({ method }: IncomingMessage, url: URL): FixedAnswer | undefined => {
  if (['/ping', '/replicas_status', '/health/live'].includes(url.pathname)) return { status: 200, text: OK };
  if (['/metrics', '/health/ready'].includes(url.pathname)) return undefined;
  if (url.pathname !== '/') return { status: 404, text: `There is no resource ${url.pathname}\n` };
  if (method !== 'GET' && method !== 'POST' && method !== 'HEAD')
    return { status: 501, text: `${method} is not possible here\n` };
  return method !== 'POST' && !url.searchParams.has('query') ? { status: 200, text: OK } : undefined;
};

/** Aborted when the connection ends before the answer does. */
const goneOf = (response: ServerResponse): AbortSignal => {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
};

/**
 * Who asks for progress wants to hear that a long query is still under way. ClickHouse sends headers one by one; Node
 * cannot, but it can send provisional answers, which ClickHouse's JavaScript client passes over (others may not).
 */
const keepAlive = (
  { headers }: IncomingMessage,
  response: ServerResponse,
  settings: ReadonlyMap<string, string>,
): void => {
  if (settings.get('send_progress_in_http_headers') !== '1') return;
  if (!/^(\S+ )?clickhouse-js/.test(headers['user-agent'] ?? '')) return;
  const interval = Math.max(MOST_OFTEN_MS, Number(settings.get('http_headers_progress_interval_ms')) || 0);
  const timer = setInterval(() => {
    if (response.headersSent) clearInterval(timer);
    else response.writeProcessing();
  }, interval);
  response.once('close', () => clearInterval(timer));
};
