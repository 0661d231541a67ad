import { createReadStream } from 'node:fs';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Warehouse } from '#warehouse/warehouse';

/**
 * What only the warehouse has: all else in it is made from the events again. Each with the columns that identify a
 * row, in the order of its table.
 */
const KEPT = {
  customer_scores: ['run_id', 'customer_id'],
  campaign_audience: ['campaign_id', 'attempt', 'customer_id'],
} as const;

type Table = keyof typeof KEPT;
type Row = Readonly<Record<string, unknown>>;

const PAGE = 20_000;

export const keptTables = Object.keys(KEPT) as Table[];

/** The file of a table in a backup: a line of JSON for each row. */
export const fileOf = (table: Table): string => `${table}.ndjson`;

/** Writes the tables into files of the directory. Rows that come meanwhile may be there or not. */
export const saveTables = async (
  warehouse: Warehouse,
  directory: string,
  onRows: (table: Table, rows: number) => void,
): Promise<void> => {
  const connection = await warehouse.connect();
  try {
    for (const table of keptTables) {
      const file = join(directory, fileOf(table));
      await writeFile(file, '');
      let saved = 0;
      for await (const rows of pages(connection, table)) {
        await appendFile(file, linesOf(rows));
        saved += rows.length;
        onRows(table, saved);
      }
    }
  } finally {
    await connection.close();
  }
};

async function* pages(warehouse: Warehouse, table: Table): AsyncGenerator<Row[]> {
  const key = KEPT[table];
  let last: Row | undefined;
  do {
    const after = last && `WHERE (${key}) > (${key.map((column) => bound(column))})`;
    const rows: Row[] = await warehouse.rows<Row>(
      `SELECT * FROM crm.${table} ${after ?? ''} ORDER BY ${key} LIMIT ${PAGE}`,
      last && Object.fromEntries(key.map((column) => [column, last?.[column]])),
    );
    last = rows.length === PAGE ? rows.at(-1) : undefined;
    if (rows.length > 0) yield rows;
  } while (last);
}

const bound = (column: string): string => `{${column}:${column === 'attempt' ? 'UUID' : 'String'}}`;

/**
 * Puts the rows of a backup into an empty warehouse, but for scores of runs whose event the backup does not have:
 * such a run may be asked for again, and would find its rows there already.
 */
export const loadTables = async (
  warehouse: Warehouse,
  directory: string,
  isRun: (id: string) => boolean,
): Promise<Readonly<Record<string, number>>> => {
  const loaded: Record<string, number> = {};
  for (const table of keptTables) {
    loaded[table] = 0;
    for await (const rows of readPages(join(directory, fileOf(table)))) {
      const kept = rows.filter(({ run_id }) => table !== 'customer_scores' || isRun(String(run_id)));
      if (kept.length > 0) await warehouse.insertLines(`crm.${table}`, linesOf(kept));
      loaded[table] += kept.length;
    }
  }
  return loaded;
};

async function* readPages(file: string): AsyncGenerator<Row[]> {
  let page: Row[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    page.push(JSON.parse(line) as Row);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  yield page;
}

const linesOf = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
