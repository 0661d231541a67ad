import { invalid, PerennialError } from '#eventing/errors';
import { idProblem } from '#eventing/ids';
import { engineCode, isPassing } from '#warehouse/landing/engine-errors';
import { type QueryLimits, ReadOnlyWarehouse } from '#warehouse/read-only';
import { SqlTextError, significant, statements } from '#warehouse/sql-text';
import type { Warehouse } from '#warehouse/warehouse';

/** Runs what somebody outside wrote: read-only, and within limits of memory, time and rows. */
export type SegmentReader = Pick<ReadOnlyWarehouse, 'query'>;

/** An audience may be as large as a company's list of customers. */
const MOST_CUSTOMERS = 1_000_000_000;

export const segmentReader = (warehouse: Warehouse, limits: Omit<QueryLimits, 'maxRows'>): SegmentReader =>
  new ReadOnlyWarehouse(warehouse, { ...limits, maxRows: MOST_CUSTOMERS });

const COLUMN = 'customer_id';
const PAGE = 10_000;
const LONGEST_MESSAGE = 500;
const NEW_LINE = 0x0a;
/** TIMEOUT_EXCEEDED and MEMORY_LIMIT_EXCEEDED: of a segment they say that it takes too much, and would again. */
const TOO_MUCH = new Set([159, 241]);

/** @throws PerennialError `segment-invalid` when the warehouse does not understand it, or it names no customers */
export const checkSegment = async (reader: SegmentReader, sql: string): Promise<void> => {
  const select = selectIn(sql);
  const columns: string[] = [];
  for await (const line of linesOf(await ask(reader, `DESCRIBE TABLE (\n${select}\n)`)))
    columns.push((JSON.parse(line) as { name: string }).name);
  if (!columns.includes(COLUMN))
    throw segmentInvalid(`The segment has no column ${COLUMN}; it has ${columns.join(', ')}.`);
};

/**
 * The customers whom a segment names, each once, in pages.
 * @throws PerennialError `segment-invalid` when it does not work or names something that is no customer id
 */
export async function* customersOf(reader: SegmentReader, sql: string): AsyncGenerator<string[]> {
  await checkSegment(reader, sql);
  const ids = `SELECT DISTINCT ifNull(toString(segment.${COLUMN}), '') AS id
    FROM (\n${selectIn(sql)}\n) AS segment WHERE id != ''`;
  let page: string[] = [];
  for await (const line of linesOf(await ask(reader, ids))) {
    page.push(customerIn(line));
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

const customerIn = (line: string): string => {
  let id: unknown;
  try {
    id = (JSON.parse(line) as { id: unknown }).id;
  } catch {
    // A server that fails in the middle of an answer writes the reason into it.
    throw segmentInvalid(`The answer broke off: ${line.slice(0, LONGEST_MESSAGE)}`);
  }
  const problem = typeof id === 'string' ? idProblem(id) : 'must be a string';
  if (problem !== undefined)
    throw segmentInvalid(`The segment names ${JSON.stringify(id).slice(0, 50)}: a customer id ${problem}.`);
  return id as string;
};

/** The one SELECT, without what may follow it. */
const selectIn = (sql: string): string => {
  try {
    const [select, ...more] = statements(sql);
    const first = select && significant(select)[0]?.text.toUpperCase();
    if (!select || more.length > 0 || !['SELECT', 'WITH', '('].includes(first ?? ''))
      throw segmentInvalid('A segment is one SELECT.');
    return select;
  } catch (error) {
    if (error instanceof SqlTextError) throw segmentInvalid(error.message);
    throw error;
  }
};

const ask = async (reader: SegmentReader, query: string): Promise<AsyncIterable<Buffer>> => {
  try {
    return (await reader.query(query, 'JSONEachRow')).body;
  } catch (error) {
    if (!isOfTheSegment(error)) throw error;
    throw segmentInvalid(error.message);
  }
};

/** And not of the warehouse, which may be out of reach. */
const isOfTheSegment = (error: unknown): error is Error => {
  if (error instanceof PerennialError) return error.kind !== 'unavailable';
  const code = engineCode(error);
  return code !== undefined && (TOO_MUCH.has(code) || !isPassing(error));
};

const segmentInvalid = (message: string): PerennialError =>
  invalid('segment-invalid', message.slice(0, LONGEST_MESSAGE), [
    { path: 'segment.sql', reason: message.slice(0, LONGEST_MESSAGE) },
  ]);

/** One after the other, because an embedded engine hands out its whole answer in one piece. */
async function* linesOf(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let from = 0;
    for (let to = bytes.indexOf(NEW_LINE); to !== -1; to = bytes.indexOf(NEW_LINE, from)) {
      if (to > from) yield bytes.toString('utf8', from, to);
      from = to + 1;
    }
    rest = bytes.subarray(from);
  }
  if (rest.length > 0) yield rest.toString('utf8');
}
