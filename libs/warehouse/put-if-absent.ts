import type { Warehouse } from './warehouse.js';

/**
 * Puts something under a token, of which the engine takes only the first, and answers what is there then. Where the
 * engine may have a token without its rows it takes nobody's any more: whoever finds nothing there puts it under another
 * token, which is the same for everybody.
 * @param find what is there, be it somebody else's; undefined when nothing is
 * @throws NothingCanBePut when the engine has the other token without its rows, too
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
  const second = await find();
  if (second === undefined) throw new NothingCanBePut(token);
  return second;
};

export class NothingCanBePut extends Error {
  constructor(token: string) {
    super(`the warehouse remembers ${token} and ${againToken(token)}, but has no rows of them`);
    this.name = 'NothingCanBePut';
  }
}

export const againToken = (token: string): string => `${token}-again`;
