import { distinct } from './distinct.js';
import type { GroupedHistories } from './histories.js';

/** Rows `from` up to `to` have this x. */
export interface SameCount {
  readonly x: number;
  /** Customers in these rows. */
  readonly n: number;
  readonly from: number;
  readonly to: number;
}

/** Groups in the order of x, with times coded by their distinct values: logarithms are taken once per value. */
export interface ArrangedHistories {
  readonly counts: readonly SameCount[];
  readonly lastPurchases: Float64Array;
  readonly ends: Float64Array;
  readonly lastPurchase: Int32Array;
  readonly end: Int32Array;
  readonly n: Float64Array;
}

export const arrangedByCount = (groups: GroupedHistories): ArrangedHistories => {
  const { x, tx, T, n } = withFirstPurchasesMerged(groups);
  const byX = distinct(x);
  const byTx = distinct(tx);
  const byT = distinct(T);
  const values = Array.from(byX.first, (row) => x[row]!);
  const sizes = new Int32Array(byX.size);
  for (let i = 0; i < n.length; i++) sizes[byX.index[i]!]! += 1;
  const free = new Int32Array(byX.size);
  const counts: Omit<SameCount, 'n'>[] = [];
  let from = 0;
  for (const code of values.map((_, c) => c).sort((a, b) => values[a]! - values[b]!)) {
    free[code] = from;
    counts.push({ x: values[code]!, from, to: from + sizes[code]! });
    from += sizes[code]!;
  }
  const lastPurchase = new Int32Array(n.length);
  const end = new Int32Array(n.length);
  const weights = new Float64Array(n.length);
  for (let i = 0; i < n.length; i++) {
    const place = free[byX.index[i]!]!++;
    lastPurchase[place] = byTx.index[i]!;
    end[place] = byT.index[i]!;
    weights[place] = n[i]!;
  }
  return {
    counts: counts.map((count) => ({ ...count, n: sumOf(weights.subarray(count.from, count.to)) })),
    lastPurchases: Float64Array.from(byTx.first, (row) => tx[row]!),
    ends: Float64Array.from(byT.first, (row) => T[row]!),
    lastPurchase,
    end,
    n: weights,
  };
};

/** Customers without a repeat purchase differ in T only, and are most of all: one row for each T. */
const withFirstPurchasesMerged = ({ x, tx, T, n }: GroupedHistories): GroupedHistories => {
  const repeats = x.reduce((count, value) => count + Number(value > 0), 0);
  const ends = distinct(T);
  const once = new Float64Array(ends.size);
  const size = repeats + ends.size;
  const merged = { x: new Float64Array(size), tx: new Float64Array(size), T: new Float64Array(size) };
  const weights = new Float64Array(size);
  let row = 0;
  for (let i = 0; i < n.length; i++) {
    if (x[i] === 0) {
      once[ends.index[i]!]! += n[i]!;
      continue;
    }
    merged.x[row] = x[i]!;
    merged.tx[row] = tx[i]!;
    merged.T[row] = T[i]!;
    weights[row++] = n[i]!;
  }
  for (let code = 0; code < ends.size; code++) {
    if (once[code] === 0) continue;
    merged.T[row] = T[ends.first[code]!]!;
    weights[row++] = once[code]!;
  }
  const used = (column: Float64Array) => column.slice(0, row);
  return { x: used(merged.x), tx: used(merged.tx), T: used(merged.T), n: used(weights) };
};

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);
