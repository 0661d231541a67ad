import { refused } from '#eventing/errors';
import { type GroupedHistories, MONTH_LENGTH, type Spends, type TimeUnit } from '#statistics/index';
import { readColumns } from '#warehouse/columns';
import type { Warehouse } from '#warehouse/warehouse';
import type { Scratch } from './scratch.js';

/** What facts are bounded by: what had happened by a business date, as known at a position. */
export interface Bounds {
  /** `YYYY-MM-DD`, included. */
  readonly asOf: string;
  readonly knownAt: number;
}

/** Days in each unit of time in which models are fitted. */
export const UNIT_DAYS: Readonly<Record<TimeUnit, number>> = { day: 1, week: 7, month: MONTH_LENGTH.day };

/**
 * The one currency in which there are purchases within the bounds: amounts of several currencies are never added.
 * @throws PerennialError `no-purchases`, `mixed-currencies`
 */
export const onlyCurrency = async (warehouse: Warehouse, { asOf, knownAt }: Bounds): Promise<string> => {
  const rows = await warehouse.rows<{ currency: string; purchases: number }>(
    `SELECT currency, count() AS purchases FROM crm.purchase_ledger
     WHERE entry = 'sale' AND customer_id != '' AND position <= {knownAt:UInt64} AND business_date <= {asOf:Date32}
     GROUP BY currency ORDER BY purchases DESC`,
    { asOf, knownAt },
  );
  const [first, ...others] = rows;
  if (!first) throw refused('no-purchases', `No customer had bought anything by ${asOf}.`);
  if (others.length > 0) {
    const found = rows.map(({ currency, purchases }) => `${currency} (${purchases} purchases)`).join(', ');
    throw refused(
      'mixed-currencies',
      `There are several currencies: ${found}. Choose one with \`currency\`; amounts of several are never added.`,
    );
  }
  return first.currency;
};

/** Names of scratch tables, each of the query of the same name. */
export interface PurchaseTables {
  readonly identity: string;
  readonly days: string;
  readonly histories: string;
  readonly value: 'revenue' | 'margin';
}

export const purchaseDays = async (
  scratch: Scratch,
  { asOf, knownAt }: Bounds,
  currency: string,
): Promise<{ identity: string; days: string }> => {
  const identity = await scratch.table('identity', { knownAt });
  const days = await scratch.table('purchase_days', {
    asOf,
    knownAt,
    currency,
    identity,
  });
  return { identity, days };
};

/** Purchase histories of all customers by the end of a day, kept in the warehouse. */
export const purchaseHistories = async (
  scratch: Scratch,
  bounds: Bounds,
  currency: string,
): Promise<PurchaseTables> => {
  const { identity, days } = await purchaseDays(scratch, bounds, currency);
  const [costs] = await scratch.warehouse.rows<{ known: number }>(
    'SELECT count() > 0 AND countIf(isNull(cost)) = 0 AS known FROM crm.{days:Identifier}',
    { days },
  );
  const value = costs?.known ? 'margin' : 'revenue';
  const byMargin = value === 'margin' ? 1 : 0;
  const histories = await scratch.table('purchase_histories', {
    asOf: bounds.asOf,
    days,
    byMargin,
  });
  return { identity, days, histories, value };
};

/** The distinct histories, and how many customers have each: all that a model of purchases needs. */
export interface DistinctHistories extends GroupedHistories {
  /** The same times in whole days, by which the customers are found again. */
  readonly txDays: Uint32Array;
  readonly tDays: Uint32Array;
}

export const readDistinct = async (
  warehouse: Warehouse,
  histories: string,
  unit: TimeUnit,
): Promise<DistinctHistories> => {
  const { x, tx_days, t_days, n } = await readColumns(
    warehouse,
    'SELECT x, tx_days, t_days, count() AS n FROM crm.{histories:Identifier} GROUP BY x, tx_days, t_days ORDER BY x, tx_days, t_days',
    { x: 'Float64', tx_days: 'UInt32', t_days: 'UInt32', n: 'Float64' },
    { histories },
  );
  return { x, tx: inUnits(tx_days, unit), T: inUnits(t_days, unit), n, txDays: tx_days, tDays: t_days };
};

/** Mean spends of the customers with a repeat purchase. */
export const readSpends = async (warehouse: Warehouse, histories: string): Promise<Spends> => {
  const { x, mean_spend } = await readColumns(
    warehouse,
    'SELECT x, mean_spend FROM crm.{histories:Identifier} WHERE x > 0 ORDER BY customer_id',
    { x: 'Float64', mean_spend: 'Float64' },
    { histories },
  );
  return { x, meanSpend: mean_spend };
};

export const inUnits = (days: Uint32Array, unit: TimeUnit): Float64Array => {
  const length = UNIT_DAYS[unit];
  return Float64Array.from(days, (value) => value / length);
};
