/** Fails as soon as one of them does. */
export const firstFailure = (all: readonly Promise<unknown>[]): Promise<never> => {
  const failure = new Promise<never>((_, reject) => {
    for (const each of all) each.catch(reject);
  });
  failure.catch(() => {}); // whoever serves looks at it; a command that ends soon need not
  return failure;
};
