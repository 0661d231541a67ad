import { DateTime } from 'luxon';
import { CliError } from '../cli-error.js';

/** Which column of the file fills which field of the command: `customerId=customer_id,total=amount`. */
export type Mapping = ReadonlyMap<string, string>;
export type CsvRow = Readonly<Record<string, string>>;

export const parsePairs = (text: string, option: string): Mapping => {
  const pairs = new Map<string, string>();
  for (const pair of text.split(',')) {
    const at = pair.indexOf('=');
    const field = pair.slice(0, at).trim();
    const value = pair.slice(at + 1).trim();
    if (at < 1 || value === '')
      throw new CliError(`${option} takes field=column,...; '${pair}' is not such a pair.`);
    if (pairs.has(field)) throw new CliError(`${option} names the field ${field} twice.`);
    pairs.set(field, value);
  }
  return pairs;
};

/** Says at once, before anything is sent, which fields or columns do not exist. */
export const checkMapping = (
  mapping: Mapping,
  columns: readonly string[],
  known: readonly string[],
  required: readonly string[],
): void => {
  const isKnown = (field: string) =>
    known.includes(field) || known.some((name) => name.endsWith('.*') && field.startsWith(name.slice(0, -1)));
  const problems = [
    ...[...mapping.keys()]
      .filter((field) => !isKnown(field))
      .map((field) => `there is no field ${field} (there are: ${known.join(', ')})`),
    ...[...mapping.values()]
      .filter((column) => !columns.includes(column))
      .map((column) => `the file has no column '${column}' (it has: ${columns.join(', ')})`),
    ...required.filter((field) => !mapping.has(field)).map((field) => `the field ${field} must be mapped`),
  ];
  if (problems.length > 0) throw new CliError(`The mapping does not fit:\n  ${problems.join('\n  ')}`);
};

/** Control characters that exports leave behind, such as the line break of another century's code page. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]+/g;

/** The mapped cell, trimmed, without control characters; undefined when there is none or it is empty. */
export const cell = (row: CsvRow, mapping: Mapping, field: string): string | undefined => {
  const column = mapping.get(field);
  const value = column === undefined ? undefined : row[column]?.replace(CONTROL, ' ').trim();
  return value === '' ? undefined : value;
};

/** Puts `value` at a dotted path: `address.city`. */
export const put = (target: Record<string, unknown>, path: string, value: unknown): void => {
  if (value === undefined) return;
  const [head, ...rest] = path.split('.') as [string, ...string[]];
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  target[head] ??= {};
  put(target[head] as Record<string, unknown>, rest.join('.'), value);
};

/** A cell that the file means as a number, a yes or a no; what is neither is left for the server to refuse. */
export const asNumber = (text: string | undefined): number | string | undefined =>
  text !== undefined && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;

export const asBoolean = (text: string | undefined): boolean | string | undefined => {
  if (text === undefined) return undefined;
  if (/^(yes|y|true|1)$/i.test(text)) return true;
  if (/^(no|n|false|0)$/i.test(text)) return false;
  return text;
};

/** A date as the file writes it, in ISO form; what does not fit is left for the server to refuse. */
export const dateReader = (format: string | undefined) => (text: string | undefined) => {
  if (text === undefined || format === undefined) return text;
  const date = DateTime.fromFormat(text, format, { zone: 'utc' });
  if (!date.isValid) return text;
  return /[Hhms]/.test(format) ? (date.toISO() ?? text) : (date.toISODate() ?? text);
};
