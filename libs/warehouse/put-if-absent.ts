/**
 * Puts something under a token, of which the engine takes only the first, and answers what is there then. A server that
 * was killed after it wrote the token and before it had the rows takes nobody's any more: whoever finds nothing there
 * puts it under another token, which is the same for everybody. (The embedded engine forgets such tokens when it starts.)
 * @param find what is there, be it somebody else's; undefined when nothing is
 */
export const putIfAbsent = async <Found>(
  token: string,
  put: (token: string) => Promise<void>,
  find: () => Promise<Found | undefined>,
): Promise<Found | undefined> => {
  await put(token);
  const found = await find();
  if (found !== undefined) return found;
  await put(againToken(token));
  return find();
};

export const againToken = (token: string): string => `${token}-again`;
