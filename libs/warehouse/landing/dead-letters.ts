import type { Warehouse } from '../warehouse.js';
import type { DeadLetter } from './rows.js';

/** Sets records aside that cannot be landed; the same token once. */
export const setAside = async (
  warehouse: Warehouse,
  partition: number,
  letters: readonly DeadLetter[],
  token: string,
): Promise<void> => {
  if (letters.length === 0) return;
  const lines = letters.map(
    ({ offset, line, reason, headers = {}, key = '' }) =>
      `${JSON.stringify({ partition, offset, reason, line: wellFormed(line), headers: sound(headers), key: wellFormed(key) })}\n`,
  );
  await warehouse.insertLines('crm.dead_letters', lines.join(''), { insert_deduplication_token: token });
};

/** The engine refuses half a character even in a letter. */
const wellFormed = (text: string): string => Buffer.from(text).toString();

const sound = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [wellFormed(name), wellFormed(value)]));
