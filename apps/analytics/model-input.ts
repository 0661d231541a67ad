import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { refused } from '#eventing/errors';
import { packageRoot } from '#platform/package-root';
import { type GroupedHistories, MONTH_LENGTH, type TimeUnit } from '#statistics/index';
import { readColumns, scratchTable } from '#warehouse/columns';
import type { QueryParameters, Warehouse } from '#warehouse/warehouse';

/** What the purchases are bounded by: what had happened by a business date, as known at a position. */
export interface Bounds {
  readonly asOf: string;
  readonly knownAt: number;
  readonly currency: string;
}

/** Days in each unit of time in which models are fitted. */
export const UNIT_DAYS: Readonly<Record<TimeUnit, number>> = { day: 1, week: 7, month: MONTH_LENGTH.day };

const query = (name: string): string =>
  readFileSync(join(packageRoot(), 'infra', 'clickhouse', 'models', `${name}.sql`), 'utf8');

/** Tables of one computation; dropped when it ends, whichever way. */
export class Scratch {
  private readonly tables: string[] = [];

  constructor(readonly warehouse: Warehouse) {}

  async table(what: string, order: string, select: string, params: QueryParameters): Promise<string> {
    const name = scratchTable(what);
    this.tables.push(name);
    await this.warehouse.command(
      `CREATE TABLE ${name} ENGINE = MergeTree ORDER BY ${order} AS ${select}`,
      params,
    );
    return name;
  }

  async drop(): Promise<void> {
    for (const table of this.tables) await this.warehouse.command(`DROP TABLE IF EXISTS ${table}`);
  }
}

/**
 * The one currency in which there are purchases within the bounds. Amounts of several currencies are never added.
 * @throws PerennialError `no-purchases`, `mixed-currencies`
 */
export const onlyCurrency = async (
  warehouse: Warehouse,
  { asOf, knownAt }: Omit<Bounds, 'currency'>,
): Promise<string> => {
  const rows = await warehouse.rows<{ currency: string; purchases: number }>(
    `SELECT currency, count() AS purchases FROM crm.purchase_ledger
     WHERE entry = 'sale' AND customer_id != '' AND position <= {knownAt:UInt64} AND business_date <= {asOf:Date32}
     GROUP BY currency ORDER BY purchases DESC`,
    { asOf, knownAt },
  );
  const [first, ...others] = rows;
  if (!first) throw refused('no-purchases', `No customer had bought anything by ${asOf}.`);
  if (others.length > 0)
    throw refused(
      'mixed-currencies',
      `There are purchases in ${rows.map(({ currency, purchases }) => `${currency} (${purchases})`).join(', ')}: choose one with \`currency\`, amounts of several are never added.`,
    );
  return first.currency;
};

/** A bound identifier is one name: the database stands in the query. */
const bare = (table: string): string => table.slice(table.indexOf('.') + 1);

/** Purchase histories of all customers by the end of a day, in the warehouse. */
export interface HistoryTable {
  /** customer_id, x, tx_days, t_days, mean_spend. */
  readonly table: string;
  /** customer_id, day, revenue, cost. */
  readonly days: string;
  readonly value: 'revenue' | 'margin';
}

export const buildHistories = async (scratch: Scratch, bounds: Bounds): Promise<HistoryTable> => {
  const { warehouse } = scratch;
  const { asOf, knownAt, currency } = bounds;
  const identity = await scratch.table('identity', 'customer_id', query('identity'), { knownAt });
  const days = await scratch.table('days', '(customer_id, day)', query('purchase_days'), {
    asOf,
    knownAt,
    currency,
    identity: bare(identity),
  });
  const [costs] = await warehouse.rows<{ known: boolean }>(
    `SELECT count() > 0 AND countIf(isNull(cost)) = 0 AS known FROM ${days}`,
  );
  const value = costs?.known ? 'margin' : 'revenue';
  const table = await scratch.table('histories', 'customer_id', query('purchase_histories'), {
    asOf,
    days: bare(days),
    byMargin: value === 'margin' ? 1 : 0,
  });
  return { table, days, value };
};

/** The distinct histories with how many customers have each: all that a purchase model needs. */
export interface DistinctHistories extends GroupedHistories {
  /** The same times in whole days, by which customers are found again. */
  readonly txDays: Uint32Array;
  readonly tDays: Uint32Array;
  readonly count: Uint32Array;
}

export const readHistories = async (
  warehouse: Warehouse,
  { table }: HistoryTable,
  unit: TimeUnit,
): Promise<DistinctHistories> => {
  const read = await readColumns(
    warehouse,
    `SELECT x, tx_days, t_days, count() AS n FROM ${table} GROUP BY x, tx_days, t_days`,
    { x: 'Float64', tx_days: 'UInt32', t_days: 'UInt32', n: 'UInt32' },
  );
  const days = UNIT_DAYS[unit];
  return {
    x: read.x,
    tx: Float64Array.from(read.tx_days, (value) => value / days),
    T: Float64Array.from(read.t_days, (value) => value / days),
    n: Float64Array.from(read.n),
    txDays: read.tx_days,
    tDays: read.t_days,
    count: read.n,
  };
};

/** Mean spends of the customers with a repeat purchase. */
export const readSpends = async (warehouse: Warehouse, { table }: HistoryTable) => {
  const { x, mean_spend } = await readColumns(warehouse, `SELECT x, mean_spend FROM ${table} WHERE x > 0`, {
    x: 'Float64',
    mean_spend: 'Float64',
  });
  return { x, meanSpend: mean_spend };
};
