import { sameContent } from '#eventing/same-content';

/** Like sameContent, and `12.3` and `12.30` of one currency are the same money. */
export const sameFact = (a: unknown, b: unknown): boolean =>
  sameContent(a, b) || sameContent(canonical(a), canonical(b));

const canonical = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  const entries = Object.entries(value);
  const money = 'amount' in value && 'currency' in value;
  return Object.fromEntries(
    entries.map(([key, item]) => [key, money && key === 'amount' ? trimmed(String(item)) : canonical(item)]),
  );
};

/** Without zeros at the end that say nothing: `12.30` → `12.3`, `5.00` → `5`. */
export const trimmed = (decimal: string): string =>
  decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal;
