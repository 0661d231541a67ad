import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';

type Data = Readonly<Record<string, unknown>>;

/** An event as a spec writes it: `- PurchaseRecorded: { orderId: o1 }`, and beside it what differs from the usual. */
interface GivenEvent {
  readonly type: string;
  readonly data: Data;
  readonly stream?: string;
  readonly customer?: string;
  /** A day, or an instant with offset. */
  readonly on?: string;
  /** Schema version. */
  readonly version?: number;
}

type Row = Readonly<Record<string, unknown>>;

/** Given these events, expect these rows. */
export interface ProjectionCase {
  readonly it: string;
  readonly given: readonly GivenEvent[];
  /** Rows of tables that are not made from events, by the table's name. */
  readonly tables: Readonly<Record<string, readonly Row[]>>;
  /** By view, or by the call of a view with parameters. Only the columns that are named are compared. */
  readonly expect: Readonly<Record<string, readonly Row[]>>;
}

const ENVELOPE = ['stream', 'customer', 'on', 'version'];

/** The cases of a spec file, `NAME.spec.yaml`. @throws Error that names the file, the case and what is wrong */
export const readCases = (file: string): ProjectionCase[] => {
  const view = basename(file, '.spec.yaml');
  const cases: unknown = parse(readFileSync(file, 'utf8'), { merge: true });
  if (!Array.isArray(cases) || cases.length === 0) throw new Error(`${file} must be a list of cases`);
  return cases.map((one, i) => {
    try {
      return readCase(one, view);
    } catch (error) {
      throw new Error(`${file}, case ${i + 1}: ${error instanceof Error ? error.message : error}`);
    }
  });
};

const readCase = (value: unknown, view: string): ProjectionCase => {
  const { it, given = [], tables = {}, expect, ...rest } = record(value, 'a case');
  if (typeof it !== 'string') throw new Error('`it` must say what is shown');
  if (Object.keys(rest).length > 0) throw new Error(`unknown: ${Object.keys(rest).join(', ')}`);
  if (expect === undefined) throw new Error('`expect` is missing');
  return {
    it,
    given: list(given, 'given').map(readEvent),
    tables: rowsByName(tables),
    expect: Array.isArray(expect) ? { [view]: rows(expect) } : rowsByName(expect),
  };
};

const readEvent = (value: unknown): GivenEvent => {
  const entry = record(value, 'an event');
  const [type, ...more] = Object.keys(entry).filter((key) => !ENVELOPE.includes(key));
  if (!type || more.length > 0)
    throw new Error(
      `an event has one type and, beside it, ${ENVELOPE.join(', ')}: ${Object.keys(entry).join(', ')}`,
    );
  const { [type]: data, ...envelope } = entry;
  return { type, data: record(data ?? {}, type), ...envelope };
};

const record = (value: unknown, what: string): Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} must have fields`);
  return value as Record<string, unknown>;
};

const list = (value: unknown, what: string): unknown[] => {
  if (!Array.isArray(value)) throw new Error(`\`${what}\` must be a list`);
  return value;
};

const rows = (value: unknown): Row[] => list(value, 'rows').map((row) => record(row, 'a row'));

const rowsByName = (value: unknown): Record<string, Row[]> =>
  Object.fromEntries(Object.entries(record(value, 'expect')).map(([name, all]) => [name, rows(all)]));

const NOON = '2024-01-01T12:00:00.000Z';

/**
 * The events as lines of crm.events, in their order. What a spec leaves out: the stream is that of the data's first
 * field (an id), the customer that of the data or of the stream's first event, the time noon of 2024-01-01.
 */
export const eventLines = (given: readonly GivenEvent[]): Record<string, unknown>[] => {
  const streams = new Map<string, { revision: number; customer: string }>();
  return given.map(({ type, data, on = NOON, version = 1, ...event }, i) => {
    const [id] = Object.values(data);
    const stream = event.stream ?? (id === undefined ? `${type}-${i}` : String(id));
    const before = streams.get(stream);
    const named = event.customer ?? data.customerId;
    const customer = before?.customer ?? (typeof named === 'string' ? named : '');
    const revision = (before?.revision ?? -1) + 1;
    streams.set(stream, { revision, customer });
    const bare = on.length === 10;
    return {
      position: i + 1,
      event_id: `00000000-0000-5000-8000-${String(i + 1).padStart(12, '0')}`,
      stream,
      revision,
      type,
      schema_version: version,
      customer_id: customer,
      occurred_at: bare ? `${on}T12:00:00.000Z` : new Date(on).toISOString(),
      business_date: bare ? on : new Date(on).toISOString().slice(0, 10),
      recorded_at: new Date(Date.parse(NOON) + i * 1000).toISOString(),
      actor: 'spec',
      command_id: `command-${i + 1}`,
      correlation_id: `command-${i + 1}`,
      causation_id: '',
      data: JSON.stringify(data),
    };
  });
};
