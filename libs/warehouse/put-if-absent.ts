import type { Warehouse } from './warehouse.js';

/**
 * Puts something under a token, of which the engine takes only the first: to be read back. Where the engine may have a
 * token without its rows it takes nobody's any more: whoever finds nothing there puts it under another token, which is
 * the same for everybody.
 * @param isThere whether there is anything now, be it somebody else's
 * @throws NothingCanBePut when the engine has the other token without its rows, too
 */
export const putIfAbsent = async (
  { mayLackRows }: Pick<Warehouse, 'mayLackRows'>,
  token: string,
  put: (token: string) => Promise<void>,
  isThere: () => Promise<boolean>,
): Promise<void> => {
  await put(token);
  if (!mayLackRows || (await isThere())) return;
  await put(againToken(token));
  if (!(await isThere())) throw new NothingCanBePut(token);
};

export class NothingCanBePut extends Error {
  constructor(token: string) {
    super(`the warehouse remembers ${token} and ${againToken(token)}, but has no rows of them`);
    this.name = 'NothingCanBePut';
  }
}

export const againToken = (token: string): string => `${token}-again`;
