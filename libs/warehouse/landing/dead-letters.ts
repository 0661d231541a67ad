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
    ({ offset, line, reason }) =>
      `${JSON.stringify({ partition, offset, reason, line: wellFormed(line) })}\n`,
  );
  await warehouse.insertLines('crm.dead_letters', lines.join(''), { insert_deduplication_token: token });
};

/** The engine refuses half a character even in a letter. */
const wellFormed = (text: string): string => Buffer.from(text).toString();
