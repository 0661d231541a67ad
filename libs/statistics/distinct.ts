/** A column coded by its distinct values: row i has the code `index[i]`, first met in row `first[code]`. */
export interface Coded {
  readonly index: Int32Array;
  readonly first: Int32Array;
  readonly size: number;
}

const { imul } = Math;

/** Scrambles two 32-bit words into one (the finaliser of MurmurHash3). */
const scramble = (low: number, high: number): number => {
  let h = imul(low, 0x9e3779b1) ^ imul(high, 0x85ebca77);
  h = imul(h ^ (h >>> 16), 0x85ebca6b);
  h = imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/**
 * Codes rows of two 32-bit words each, with an open hash table that grows with what it holds: a Map takes several
 * times as long, and a million customers are coded several times in a model run.
 */
const code = (words: Int32Array): Coded => {
  const rows = words.length / 2;
  const index = new Int32Array(rows);
  let table = emptyTable(2048);
  let first = new Int32Array(1024);
  let size = 0;
  for (let i = 0; i < rows; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    const mask = table.length / 4 - 1;
    // A slot of the table is the two words, their code, and whether it is taken.
    let slot = (scramble(low, high) & mask) * 4;
    while (table[slot + 3] !== 0 && (table[slot] !== low || table[slot + 1] !== high))
      slot = slot + 4 === table.length ? 0 : slot + 4;
    if (table[slot + 3] !== 0) {
      index[i] = table[slot + 2]!;
      continue;
    }
    table[slot] = low;
    table[slot + 1] = high;
    table[slot + 2] = size;
    table[slot + 3] = 1;
    index[i] = size;
    first[size++] = i;
    if (size * 2 === mask + 1) {
      table = enlarged(table);
      const longer = new Int32Array(first.length * 4);
      longer.set(first);
      first = longer;
    }
  }
  return { index, first: first.slice(0, size), size };
};

const emptyTable = (slots: number): Int32Array => new Int32Array(slots * 4);

const enlarged = (table: Int32Array): Int32Array => {
  const wider = emptyTable(table.length);
  const mask = table.length - 1;
  for (let old = 0; old < table.length; old += 4) {
    if (table[old + 3] === 0) continue;
    let slot = (scramble(table[old]!, table[old + 1]!) & mask) * 4;
    while (wider[slot + 3] !== 0) slot = slot + 4 === wider.length ? 0 : slot + 4;
    for (let k = 0; k < 4; k++) wider[slot + k] = table[old + k]!;
  }
  return wider;
};

/** Codes a column by exact value (0 and −0 are two values); O(rows). */
export const distinct = (column: Float64Array): Coded =>
  code(new Int32Array(column.buffer, column.byteOffset, column.length * 2));

/** Codes the pairs of two coded columns; O(rows). */
export const distinctPairs = (a: Coded, b: Coded): Coded => {
  const words = new Int32Array(a.index.length * 2);
  for (let i = 0; i < a.index.length; i++) {
    words[2 * i] = a.index[i]!;
    words[2 * i + 1] = b.index[i]!;
  }
  return code(words);
};

/** For each code its rows, in order. */
export const rowsByCode = ({ index, size }: Coded): Int32Array[] => {
  const counts = new Int32Array(size);
  for (let i = 0; i < index.length; i++) counts[index[i]!]! += 1;
  const rows = Array.from(counts, (count) => new Int32Array(count));
  counts.fill(0);
  for (let i = 0; i < index.length; i++) rows[index[i]!]![counts[index[i]!]!++] = i;
  return rows;
};
