/** A column coded by its distinct values: row i has the code `index[i]`, first met in row `first[code]`. */
export interface Coded {
  readonly index: Int32Array;
  readonly first: Int32Array;
  readonly size: number;
}

/** Scrambles two 32-bit words into one (the finaliser of MurmurHash3). */
const scramble = (low: number, high: number): number => {
  let h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/**
 * Codes rows by two 32-bit words each, with an open hash table that grows with what it holds: a Map takes several
 * times as long, and a million customers are coded several times in a model run.
 */
const code = (rows: number, low: (i: number) => number, high: (i: number) => number): Coded => {
  const index = new Int32Array(rows);
  let first = new Int32Array(1024);
  let slots = new Int32Array(2048).fill(-1);
  let size = 0;
  const enlarge = () => {
    const wider = new Int32Array(slots.length * 4).fill(-1);
    for (let c = 0; c < size; c++) {
      const row = first[c]!;
      let slot = scramble(low(row), high(row)) & (wider.length - 1);
      while (wider[slot] !== -1) slot = (slot + 1) & (wider.length - 1);
      wider[slot] = c;
    }
    slots = wider;
    const longer = new Int32Array(wider.length / 2);
    longer.set(first.subarray(0, size));
    first = longer;
  };
  for (let i = 0; i < rows; i++) {
    const a = low(i);
    const b = high(i);
    let slot = scramble(a, b) & (slots.length - 1);
    let found = slots[slot]!;
    while (found !== -1 && (low(first[found]!) !== a || high(first[found]!) !== b)) {
      slot = (slot + 1) & (slots.length - 1);
      found = slots[slot]!;
    }
    if (found === -1) {
      found = size++;
      first[found] = i;
      slots[slot] = found;
      if (size * 2 === slots.length) enlarge();
    }
    index[i] = found;
  }
  return { index, first: first.slice(0, size), size };
};

/** Codes a column by exact value (0 and -0 are two values); O(rows). */
export const distinct = (column: Float64Array): Coded => {
  const words = new Int32Array(column.buffer, column.byteOffset, column.length * 2);
  return code(
    column.length,
    (i) => words[2 * i]!,
    (i) => words[2 * i + 1]!,
  );
};

/** Codes the pairs of two coded columns; O(rows). */
export const distinctPairs = (a: Coded, b: Coded): Coded =>
  code(
    a.index.length,
    (i) => a.index[i]!,
    (i) => b.index[i]!,
  );
