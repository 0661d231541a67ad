import { fingerprintOf, isSealed } from './sealed.js';

/**
 * Whether two facts say the same: deep equality in which an absent field equals an undefined one, and sealed
 * values are compared by their fingerprint, because encrypting twice never gives the same text.
 */
export const sameContent = (a: unknown, b: unknown): boolean => {
  if (isSealed(a) && isSealed(b)) return fingerprintOf(a) === fingerprintOf(b);
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => sameContent(item, b[i]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (!sameContent(left[key], right[key])) return false;
  }
  return true;
};
