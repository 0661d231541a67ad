import type { Warehouse } from '../warehouse.js';
import type { Landable } from './lane.js';

/** Sets records aside that cannot be landed; the same token once. */
export const setAside = async (
  warehouse: Warehouse,
  partition: number,
  letters: readonly Landable[],
  token: string,
): Promise<void> => {
  if (letters.length === 0) return;
  const lines = letters.map(
    ({ offset, line, problem }) =>
      `${JSON.stringify({ partition, offset, reason: problem, line: wellFormed(line) })}\n`,
  );
  await warehouse.insertLines('crm.dead_letters', lines.join(''), { insert_deduplication_token: token });
};

/** The engine refuses half a character even in a letter. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
