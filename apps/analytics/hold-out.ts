import { addDays } from '#eventing/business-time';
import type { TimeUnit } from '#statistics/index';
import { readColumns } from '#warehouse/columns';
import {
  type Bounds,
  inUnits,
  type PurchaseTables,
  purchaseHistories,
  UNIT_DAYS,
} from './purchase-histories.js';
import type { Scratch } from './scratch.js';

/** Histories as they were known some time before `asOf`, and what the customers bought since. */
export interface HoldOut {
  /** The day on which the forecast would have been made. */
  readonly split: string;
  readonly days: number;
  /** The same in the unit of the histories. */
  readonly length: number;
  /** One row per distinct history and number of purchases; `n` customers each. */
  readonly x: Float64Array;
  readonly tx: Float64Array;
  readonly T: Float64Array;
  readonly n: Float64Array;
  /** Days with a purchase after the split, up to and including `asOf`. */
  readonly actual: Float64Array;
}

/** Goes `days` back and looks at what came after: the customers are those who had bought by then. */
export const holdOut = async (
  scratch: Scratch,
  { days: dayTable }: PurchaseTables,
  { asOf, knownAt }: Bounds,
  currency: string,
  unit: TimeUnit,
  days: number,
): Promise<HoldOut> => {
  const split = addDays(asOf, -days);
  const { histories } = await purchaseHistories(scratch, { asOf: split, knownAt }, currency);
  const read = await readColumns(
    scratch.warehouse,
    `SELECT h.x AS x, h.tx_days AS tx_days, h.t_days AS t_days, later.purchases AS actual, count() AS n
     FROM crm.{histories:Identifier} AS h
     LEFT JOIN (SELECT customer_id, count() AS purchases FROM crm.{dayTable:Identifier} WHERE day > {split:Date32}
                GROUP BY customer_id) AS later ON later.customer_id = h.customer_id
     GROUP BY x, tx_days, t_days, actual ORDER BY x, tx_days, t_days, actual`,
    { x: 'Float64', tx_days: 'UInt32', t_days: 'UInt32', actual: 'Float64', n: 'Float64' },
    { histories, dayTable, split },
  );
  const { x, n, actual } = read;
  const length = days / UNIT_DAYS[unit];
  return {
    split,
    days,
    length,
    x,
    tx: inUnits(read.tx_days, unit),
    T: inUnits(read.t_days, unit),
    n,
    actual,
  };
};
