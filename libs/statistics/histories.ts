import { distinct, distinctPairs } from './distinct.js';
import { DegenerateData, InvalidInput } from './errors.js';

/**
 * Purchase histories as columns of one length, one row per customer or per group of equal customers. All times are
 * in one unit, which the caller chooses (a week of 7 days in the published examples).
 */
export interface Histories {
  /** Number of repeat purchases, the first one not counted; purchases of one day are one. A whole number >= 0. */
  readonly x: Float64Array;
  /** Time from the first to the last purchase; 0 when x = 0; 0 <= tx <= T. */
  readonly tx: Float64Array;
  /** Time from the first purchase to the end of observation; T >= 0. */
  readonly T: Float64Array;
}

/** The sufficient statistics of BG/NBD, MBG/NBD and Pareto/NBD: how many customers have each (x, tx, T). */
export interface GroupedHistories extends Histories {
  /** Number of customers with this history; > 0. */
  readonly n: Float64Array;
}

export interface HistoryRow {
  readonly x: number;
  readonly tx: number;
  readonly T: number;
}

export interface GroupedHistoryRow extends HistoryRow {
  readonly n: number;
}

/** Rows to columns. */
export const histories = (rows: readonly HistoryRow[]): Histories => ({
  x: Float64Array.from(rows, (row) => row.x),
  tx: Float64Array.from(rows, (row) => row.tx),
  T: Float64Array.from(rows, (row) => row.T),
});

/** Rows of sufficient statistics to columns. Equal histories may appear in several rows. */
export const groupedHistories = (rows: readonly GroupedHistoryRow[]): GroupedHistories => ({
  ...histories(rows),
  n: Float64Array.from(rows, (row) => row.n),
});

/** One row per customer as groups of one: for fitting this is as fast as counting equal histories first. */
export const eachOnce = (rows: Histories): GroupedHistories => ({
  x: rows.x,
  tx: rows.tx,
  T: rows.T,
  n: new Float64Array(rows.x.length).fill(1),
});

/** Counts equal histories: one row per customer in, one row per distinct (x, tx, T) out. */
export const grouped = ({ x, tx, T }: Histories): GroupedHistories => {
  const pairs = distinctPairs(distinct(x), distinct(tx));
  const triples = distinctPairs(pairs, distinct(T));
  const n = new Float64Array(triples.size);
  for (let i = 0; i < x.length; i++) n[triples.index[i]!]! += 1;
  const take = (column: Float64Array) => Float64Array.from(triples.first, (row) => column[row]!);
  return { x: take(x), tx: take(tx), T: take(T), n };
};

/**
 * @throws InvalidInput `lengths-differ`; `impossible-history` naming the first row outside the ranges of `Histories`
 */
export const checkHistories = ({ x, tx, T }: Histories): void => {
  if (x.length !== tx.length || x.length !== T.length)
    throw new InvalidInput('lengths-differ', 'The columns x, tx and T must have the same length.');
  for (let i = 0; i < x.length; i++) {
    const possible =
      x[i]! >= 0 &&
      x[i]! <= Number.MAX_SAFE_INTEGER &&
      Math.floor(x[i]!) === x[i]! &&
      tx[i]! >= 0 &&
      tx[i]! <= T[i]! &&
      T[i]! < Number.POSITIVE_INFINITY &&
      (x[i]! > 0 || tx[i] === 0);
    if (!possible)
      throw new InvalidInput(
        'impossible-history',
        `Row ${i} (x ${x[i]}, tx ${tx[i]}, T ${T[i]}) is no purchase history: x must be a whole number from 0, and 0 <= tx <= T, tx = 0 when x = 0.`,
      );
  }
};

/**
 * Whether a purchase model can be fitted at all.
 * @throws DegenerateData `no-customers`, `one-customer`, `no-repeat-purchases`, `all-on-one-day`, `no-variation`
 * @throws InvalidInput as checkHistories, and `impossible-history` for an n that is not positive
 */
export const checkFittable = (groups: GroupedHistories): void => {
  checkHistories(groups);
  const { x, tx, T, n } = groups;
  if (n.length !== x.length)
    throw new InvalidInput('lengths-differ', 'The columns x, tx, T and n must have the same length.');
  let customers = 0;
  let repeats = 0;
  let longest = 0;
  let same = true;
  for (let i = 0; i < n.length; i++) {
    if (!(n[i]! > 0 && n[i]! < Number.POSITIVE_INFINITY))
      throw new InvalidInput('impossible-history', `Row ${i} stands for ${n[i]} customers.`);
    customers += n[i]!;
    repeats += n[i]! * x[i]!;
    longest = Math.max(longest, T[i]!);
    same &&= x[i] === x[0] && tx[i] === tx[0] && T[i] === T[0];
  }
  if (customers === 0) throw new DegenerateData('no-customers', 'There are no customers to learn from.');
  if (customers < 2)
    throw new DegenerateData('one-customer', 'There is one customer only: nothing can be learned of many.');
  if (longest === 0)
    throw new DegenerateData(
      'all-on-one-day',
      'All first purchases fall on the last day of observation: no time has passed in which anyone could return.',
    );
  if (repeats === 0)
    throw new DegenerateData(
      'no-repeat-purchases',
      'No customer has bought a second time: the rate of repeat purchases cannot be estimated.',
    );
  if (same)
    throw new DegenerateData(
      'no-variation',
      'All customers have the same history: how they differ cannot be estimated.',
    );
};

export const customersIn = (groups: GroupedHistories): number => groups.n.reduce((sum, n) => sum + n, 0);

/**
 * Every (customers / size)-th customer, as groups: each group has its share of the sample, give or take one.
 * Deterministic, so that a model run can be repeated.
 */
export const systematicSample = (
  { x, tx, T, n }: GroupedHistories,
  customers: number,
  size: number,
): GroupedHistories => {
  const every = customers / size;
  const rows: number[] = [];
  const counts: number[] = [];
  let passed = 0;
  let taken = 0;
  for (let i = 0; i < n.length; i++) {
    passed += n[i]!;
    const count = Math.floor(passed / every + 0.5) - taken;
    if (count <= 0) continue;
    rows.push(i);
    counts.push(count);
    taken += count;
  }
  const take = (column: Float64Array) => Float64Array.from(rows, (row) => column[row]!);
  return { x: take(x), tx: take(tx), T: take(T), n: Float64Array.from(counts) };
};
