import { randomUUID } from 'node:crypto';
import type { QueryParameters, Warehouse } from './warehouse.js';

/** Numbers leave and enter the warehouse as whole columns: a million rows as JSON would cost seconds. */
export type Column = Uint32Array | Float64Array;
type ColumnType = 'UInt32' | 'Float64';
type Shape = Readonly<Record<string, ColumnType>>;
export type ColumnsOf<S extends Shape> = {
  readonly [Name in keyof S]: S[Name] extends 'UInt32' ? Uint32Array : Float64Array;
};

/** Tables that live only as long as one computation; left over by a killed process they are dropped at the next start. */
export const SCRATCH_PREFIX = 'scratch_';

export const scratchTable = (what: string): string =>
  `crm.${SCRATCH_PREFIX}${what}_${randomUUID().replaceAll('-', '')}`;

/** What killed processes left; where others compute too, only what is older than anything they may still be at. */
export const dropScratchTables = async (warehouse: Warehouse, olderThanMinutes = 0): Promise<void> => {
  const tables = await warehouse.rows<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = 'crm' AND startsWith(name, {prefix:String})
       AND metadata_modification_time <= now() - toIntervalMinute({minutes:UInt32})`,
    { prefix: SCRATCH_PREFIX, minutes: olderThanMinutes },
  );
  for (const { name } of tables) await warehouse.command(`DROP TABLE IF EXISTS crm.${name}`);
};

/** The columns named in `shape` of a SELECT's rows, in one order for all of them. */
export const readColumns = async <S extends Shape>(
  warehouse: Warehouse,
  select: string,
  shape: S,
  params?: QueryParameters,
): Promise<ColumnsOf<S>> => {
  const arrays = Object.entries(shape).map(([name, type]) => `groupArray(to${type}(${name}))`);
  const { stream } = await warehouse.client.exec({
    query: `SELECT ${arrays.join(', ')} FROM (${select}) FORMAT RowBinary`,
    query_params: { ...params },
  });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return decode(Buffer.concat(chunks), shape);
};

const decode = <S extends Shape>(bytes: Buffer, shape: S): ColumnsOf<S> => {
  let offset = 0;
  const length = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[offset++] as number;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const columns: Record<string, Column> = {};
  for (const [name, type] of Object.entries(shape)) {
    const count = length();
    const size = count * (type === 'UInt32' ? 4 : 8);
    // Copied, because a typed array must begin at a multiple of its element's size.
    const { buffer } = new Uint8Array(bytes.subarray(offset, offset + size));
    columns[name] = type === 'UInt32' ? new Uint32Array(buffer) : new Float64Array(buffer);
    offset += size;
  }
  return columns as ColumnsOf<S>;
};

/** Makes columns of equal length readable in SQL as a table, for as long as `use` runs. */
export const withColumns = async <Result>(
  warehouse: Warehouse,
  columns: Readonly<Record<string, Column>>,
  use: (table: string) => Promise<Result>,
): Promise<Result> => {
  const blocks = scratchTable('columns');
  const names = Object.keys(columns);
  await warehouse.command(
    `CREATE TABLE ${blocks} (${names.map((name) => `${name} String`).join(', ')}) ENGINE = Memory`,
  );
  try {
    const encoded = Object.entries(columns).map(([name, { buffer, byteOffset, byteLength }]) => [
      name,
      Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
    ]);
    await warehouse.insertLines(blocks, JSON.stringify(Object.fromEntries(encoded)));
    const arrays = Object.entries(columns).map(
      ([name, column]) => `reinterpret(base64Decode(blocks.${name}), 'Array(${typeOf(column)})') AS ${name}`,
    );
    return await use(
      `(SELECT ${names.join(', ')} FROM (SELECT ${arrays.join(', ')} FROM ${blocks} AS blocks) ARRAY JOIN ${names.join(', ')})`,
    );
  } finally {
    await warehouse.command(`DROP TABLE ${blocks}`);
  }
};

const typeOf = (column: Column): ColumnType => (column instanceof Uint32Array ? 'UInt32' : 'Float64');
