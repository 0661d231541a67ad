import { tableOf } from './projection-ledger.js';
import type { Warehouse } from './warehouse.js';

const COMPARED_WHOLE = 2_000_000;

/** How a new version's rows differ from those of the one before: to be looked at, not a failure. */
export interface Difference {
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  readonly columnsAdded: readonly string[];
  readonly columnsRemoved: readonly string[];
  /** Columns of both whose values, taken together, are not the same; of millions of rows every fiftieth is taken. */
  readonly columnsDiffering: readonly string[];
}

/**
 * Compares two versions of a projection's table column by column. Events that land meanwhile may show as a
 * difference of a few rows: the two are read one after the other.
 */
export const differences = async (
  warehouse: Warehouse,
  name: string,
  before: number,
  after: number,
): Promise<Difference> => {
  const [old, now] = [tableOf(name, before), tableOf(name, after)];
  const oldColumns = await columnsOf(warehouse, old);
  const newColumns = await columnsOf(warehouse, now);
  const common = newColumns.filter((column) => oldColumns.includes(column));
  const rowsBefore = await countOf(warehouse, old);
  const rowsAfter = await countOf(warehouse, now);
  const sampled = Math.max(rowsBefore, rowsAfter) > COMPARED_WHOLE && common.includes('position');
  const oldSums = await sums(warehouse, old, common, sampled);
  const newSums = await sums(warehouse, now, common, sampled);
  return {
    rowsBefore,
    rowsAfter,
    columnsAdded: newColumns.filter((column) => !oldColumns.includes(column)),
    columnsRemoved: oldColumns.filter((column) => !newColumns.includes(column)),
    columnsDiffering: common.filter((column) => oldSums[`sum ${column}`] !== newSums[`sum ${column}`]),
  };
};

const columnsOf = async (warehouse: Warehouse, table: string): Promise<string[]> => {
  const columns = await warehouse.rows<{ name: string }>(`DESCRIBE TABLE ${table}`);
  return columns.map(({ name }) => name);
};

const countOf = async (warehouse: Warehouse, table: string): Promise<number> => {
  const [row] = await warehouse.rows<{ rows: number }>(`SELECT count() AS rows FROM ${table}`);
  return row?.rows ?? 0;
};

const sums = async (
  warehouse: Warehouse,
  table: string,
  columns: readonly string[],
  sampled: boolean,
): Promise<Record<string, string>> => {
  if (columns.length === 0) return {};
  const each = columns.map(
    (column) => `toString(sum(cityHash64(tuple(\`${column}\`)))) AS \`sum ${column}\``,
  );
  const [row] = await warehouse.rows<Record<string, string>>(
    `SELECT ${each.join(', ')} FROM ${table}${sampled ? ' WHERE position % 50 = 0' : ''}`,
  );
  return row ?? {};
};
