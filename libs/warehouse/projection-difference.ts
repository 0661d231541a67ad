import { tableOf } from './projection-ledger.js';
import type { Warehouse } from './warehouse.js';

/** How a new version's rows differ from those of the one before: to be looked at, not a failure. */
export interface Difference {
  readonly rowsBefore: number;
  readonly rowsAfter: number;
  readonly columnsAdded: readonly string[];
  readonly columnsRemoved: readonly string[];
  /** Columns of both whose values, taken together, are not the same. */
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
  const oldSums = await sums(warehouse, old, common);
  const newSums = await sums(warehouse, now, common);
  return {
    rowsBefore: Number(oldSums.rows),
    rowsAfter: Number(newSums.rows),
    columnsAdded: newColumns.filter((column) => !oldColumns.includes(column)),
    columnsRemoved: oldColumns.filter((column) => !newColumns.includes(column)),
    columnsDiffering: common.filter((column) => oldSums[`sum ${column}`] !== newSums[`sum ${column}`]),
  };
};

const columnsOf = async (warehouse: Warehouse, table: string): Promise<string[]> => {
  const columns = await warehouse.rows<{ name: string }>(`DESCRIBE TABLE ${table}`);
  return columns.map(({ name }) => name);
};

const sums = async (
  warehouse: Warehouse,
  table: string,
  columns: readonly string[],
): Promise<Record<string, string>> => {
  const each = columns.map(
    (column) => `toString(sum(cityHash64(tuple(\`${column}\`)))) AS \`sum ${column}\``,
  );
  const [row] = await warehouse.rows<Record<string, string>>(
    `SELECT ${['count() AS rows', ...each].join(', ')} FROM ${table}`,
  );
  return row ?? {};
};
