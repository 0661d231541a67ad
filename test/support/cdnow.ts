import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type HistoryRow } from '#statistics/histories';

export interface CdnowCustomer extends HistoryRow {
  readonly customerId: string;
  /** Mean spend per repeat purchase in the calibration period, USD; 0 without one. */
  readonly meanSpend: number;
  /** Purchases in the hold-out period. */
  readonly holdOut: number;
}

export interface CdnowPurchase {
  readonly customerId: string;
  /** Days since 1997-01-01. */
  readonly day: number;
  readonly amount: number;
}

const DAY_MS = 86_400_000;
const START = Date.UTC(1997, 0, 1);
const dayOf = (date: string): number => (Date.parse(date) - START) / DAY_MS;

/** Last day of the calibration period. */
export const CALIBRATION_END = dayOf('1997-09-30');

/** The purchases of the sample with those of one customer and day merged, in the order of the file. */
export const cdnowPurchases = (): CdnowPurchase[] => {
  const file = resolve(import.meta.dirname, '../fixtures/cdnow/cdnow_sample.csv');
  const merged = new Map<string, { customerId: string; day: number; amount: number }>();
  for (const line of readFileSync(file, 'utf8').trim().split('\n').slice(1)) {
    const [customerId, date, , amount] = line.split(',') as [string, string, string, string];
    const key = `${customerId} ${date}`;
    const known = merged.get(key) ?? { customerId, day: dayOf(date), amount: 0 };
    known.amount += Number(amount);
    merged.set(key, known);
  }
  return [...merged.values()];
};

/** Sufficient statistics in weeks, as of `end` (a day, inclusive), with what each customer bought afterwards. */
export const cdnowCustomers = (end = CALIBRATION_END): CdnowCustomer[] => {
  const byCustomer = new Map<string, CdnowPurchase[]>();
  for (const purchase of cdnowPurchases()) {
    const known = byCustomer.get(purchase.customerId);
    if (known) known.push(purchase);
    else byCustomer.set(purchase.customerId, [purchase]);
  }
  return [...byCustomer].flatMap(([customerId, purchases]) => {
    const days = purchases.sort((p, q) => p.day - q.day);
    const first = days[0]!.day;
    if (first > end) return [];
    const repeats = days.filter(({ day }) => day > first && day <= end);
    return {
      customerId,
      x: repeats.length,
      tx: ((repeats.at(-1)?.day ?? first) - first) / 7,
      T: (end - first) / 7,
      meanSpend: repeats.reduce((sum, { amount }) => sum + amount, 0) / (repeats.length || 1),
      holdOut: days.filter(({ day }) => day > end).length,
    };
  });
};
