import type { Warehouse } from './warehouse.js';

/**
 * Puts something under a token, of which the engine takes only the first, and answers what is there then. Where the
 * engine may have a token without its rows it takes nobody's any more: whoever finds nothing there puts it under another
 * token, which is the same for everybody.
 * @param find what is there, be it somebody else's; undefined when nothing is
 */
export const putIfAbsent = async <Found>(
  { mayLackRows }: Pick<Warehouse, 'mayLackRows'>,
  token: string,
  put: (token: string) => Promise<void>,
  find: () => Promise<Found | undefined>,
): Promise<Found | undefined> => {
  await put(token);
  const found = await find();
  if (found !== undefined || !mayLackRows) return found;
  await put(againToken(token));
  return find();
};

export const againToken = (token: string): string => `${token}-again`;
