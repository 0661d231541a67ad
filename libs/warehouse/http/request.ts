import type { IncomingMessage } from 'node:http';
import { CODES, exception } from './exception.js';

/** A query as it came over HTTP, without its body. */
export interface QueryRequest {
  readonly query: string | undefined;
  readonly id: string | undefined;
  readonly database: string | undefined;
  readonly format: string | undefined;
  /** For `{name:Type}`, written as ClickHouse's TSV writes values. */
  readonly params: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
  readonly session:
    | { readonly id: string; readonly timeoutSeconds: number; readonly mustExist: boolean }
    | undefined;
  /** The whole answer is looked at before the first byte of it is sent. */
  readonly whole: boolean;
  /** GET changes nothing. */
  readonly readOnly: boolean;
}

/** No settings of the engine: they speak to the server, or are of no use here. */
const OF_THE_PROTOCOL = new Set([
  'query',
  'query_id',
  'database',
  'default_format',
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'wait_end_of_query',
  'http_wait_end_of_query',
  'buffer_size',
  'user',
  'password',
  'quota_key',
  'stacktrace',
  'compress',
  'decompress',
  'role',
  'client_protocol_version',
  'add_http_cors_header',
]);

const LONGEST_SESSION_SECONDS = 3600;

/** @param form fields of a multipart body, which stand for URL parameters */
export const requestOf = (
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  url: URL,
  form: ReadonlyMap<string, string> = new Map(),
): QueryRequest => {
  const all = [...url.searchParams, ...form];
  const last = new Map(all);
  const header = (name: string) => headers[name]?.toString() || undefined;
  const value = (name: string) => last.get(name) || undefined;
  if (isOn(value('compress')) || isOn(value('decompress')))
    throw exception(
      CODES.notImplemented,
      'NOT_IMPLEMENTED',
      "compress and decompress are not possible here: use HTTP's own compression",
    );
  if (value('role'))
    throw exception(
      CODES.unknownRole,
      'UNKNOWN_ROLE',
      `There is no role ${value('role')}: this server has none`,
    );
  return {
    query: value('query'),
    id: value('query_id') ?? header('x-clickhouse-query-id'),
    database: value('database') ?? header('x-clickhouse-database'),
    format: value('default_format') ?? header('x-clickhouse-format'),
    params: new Map(
      all.flatMap(([name, text]) =>
        name.startsWith('param_') ? [[identifier(name.slice(6)), text] as const] : [],
      ),
    ),
    settings: new Map(
      all
        .filter(([name]) => !OF_THE_PROTOCOL.has(name) && !name.startsWith('param_'))
        .map(([name, text]) => [identifier(name), text]),
    ),
    session: sessionOf(value('session_id'), value('session_timeout'), value('session_check')),
    whole: isOn(value('wait_end_of_query')) || isOn(value('http_wait_end_of_query')),
    readOnly: method !== 'POST',
  };
};

const isOn = (value: string | undefined): boolean => value === '1' || value === 'true';

const identifier = (name: string): string => {
  if (!/^\w{1,200}$/.test(name))
    throw exception(
      CODES.badArguments,
      'BAD_ARGUMENTS',
      `${name.slice(0, 60)} is no name of a setting or parameter`,
    );
  return name;
};

const sessionOf = (id?: string, timeout = '60', check?: string): QueryRequest['session'] => {
  if (id === undefined) return undefined;
  const timeoutSeconds = Number(timeout);
  if (!/^\d+$/.test(timeout) || timeoutSeconds > LONGEST_SESSION_SECONDS)
    throw exception(
      CODES.sessionTimeout,
      'INVALID_SESSION_TIMEOUT',
      `Invalid session timeout ${timeout}: at most ${LONGEST_SESSION_SECONDS} seconds`,
    );
  return { id, timeoutSeconds, mustExist: isOn(check) };
};

/** A text as an SQL literal. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const PART = /^Content-Disposition: form-data; name="([^"]+)"$/im;

/** The text fields of a multipart/form-data body. */
export const formFields = (body: Buffer, contentType: string): Map<string, string> => {
  const [, boundary] = /boundary="?([^";]+)"?/i.exec(contentType) ?? [];
  if (!boundary) throw exception(CODES.badArguments, 'BAD_ARGUMENTS', 'The multipart body names no boundary');
  const parts = `\r\n${body.toString()}`.split(`\r\n--${boundary}`).slice(1, -1);
  return new Map(
    parts.map((part) => {
      const end = part.indexOf('\r\n\r\n');
      const [, name] = PART.exec(part.slice(0, Math.max(end, 0))) ?? [];
      if (!name || /filename=/i.test(part.slice(0, end)))
        throw exception(CODES.notImplemented, 'NOT_IMPLEMENTED', 'External tables are not possible here');
      return [name, part.slice(end + 4)] as const;
    }),
  );
};
