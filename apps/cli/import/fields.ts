import type { ImportContext } from './importer.js';
import { type CsvRow, cell, put } from './mapping.js';

export type Fields = Record<string, unknown>;

/** Reads a row by field: the mapped cell, else the constant given for all rows; dates in ISO form. */
export const fieldsOf =
  (row: CsvRow, { mapping, constants, currency, readDate }: ImportContext) =>
  (field: string): string | undefined => {
    const value =
      cell(row, mapping, field) ?? constants.get(field) ?? (field === 'currency' ? currency : undefined);
    return DATES.has(field) ? readDate(value) : value;
  };

const DATES = new Set(['occurredAt', 'sentAt', 'answeredAt', 'dueDate']);

export const asMoney = (amount: string | undefined, currency: string | undefined) =>
  amount === undefined ? undefined : { amount: amount.replace(/^[$€£]\s*/, ''), currency };

/** The given fields of a row, put at their paths. */
export const collect = (
  row: CsvRow,
  context: ImportContext,
  fields: readonly string[],
  convert: (field: string, value: string, read: (field: string) => string | undefined) => unknown = (
    _,
    value,
  ) => value,
): Fields => {
  const read = fieldsOf(row, context);
  const result: Fields = {};
  for (const field of expand(fields, context)) {
    const value = read(field);
    if (value !== undefined) put(result, field, convert(field, value, read));
  }
  return result;
};

/** `attributes.*` stands for what was mapped or set below it. */
const expand = (fields: readonly string[], { mapping, constants }: ImportContext): string[] =>
  fields.flatMap((field) =>
    field.endsWith('.*')
      ? [...mapping.keys(), ...constants.keys()].filter((name) => name.startsWith(field.slice(0, -1)))
      : [field],
  );
