/**
 * The inverse of a symmetric positive definite matrix (rows), by Cholesky's decomposition.
 * @returns undefined when the matrix is not positive definite, or so nearly not that its inverse is noise
 */
export const inverseOfPositiveDefinite = (matrix: readonly (readonly number[])[]): number[][] | undefined => {
  const factor = cholesky(matrix);
  if (!factor) return undefined;
  const size = matrix.length;
  const columns = Array.from({ length: size }, (_, k) => solve(factor, k));
  return Array.from({ length: size }, (_, i) => columns.map((column) => column[i]!));
};

/** Relative size below which a pivot is rounding noise. */
const NOISE = 1e-12;

/** The lower triangle L of A = L Lᵀ; undefined when A is not positive definite. */
export const cholesky = (matrix: readonly (readonly number[])[]): number[][] | undefined => {
  const lower: number[][] = [];
  for (const [i, row] of matrix.entries()) {
    const line: number[] = [];
    for (let j = 0; j <= i; j++) {
      const above = j === i ? line : lower[j]!;
      let rest = row[j]!;
      for (let k = 0; k < j; k++) rest -= line[k]! * above[k]!;
      if (j < i) line.push(rest / above[j]!);
      else if (rest > NOISE * row[i]!) line.push(Math.sqrt(rest));
      else return undefined;
    }
    lower.push(line);
  }
  return lower;
};

/** Solves L Lᵀ v = e_k. */
const solve = (lower: readonly (readonly number[])[], k: number): number[] => {
  const size = lower.length;
  const v = new Array<number>(size).fill(0);
  for (let i = 0; i < size; i++) {
    let rest = i === k ? 1 : 0;
    for (let j = 0; j < i; j++) rest -= lower[i]![j]! * v[j]!;
    v[i] = rest / lower[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let rest = v[i]!;
    for (let j = i + 1; j < size; j++) rest -= lower[j]![i]! * v[j]!;
    v[i] = rest / lower[i]![i]!;
  }
  return v;
};
