/**
 * Does a task for each item, many at a time, so that what they write is committed together. Stops taking new items
 * at the first failure or when the signal says so, and waits for those that have begun.
 */
export const sideBySide = async <Item>(
  items: readonly Item[],
  width: number,
  signal: AbortSignal,
  task: (item: Item) => Promise<void>,
): Promise<void> => {
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && failures.length === 0 && !signal.aborted) {
      next += 1;
      await task(items[next - 1] as Item).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
  if (failures.length > 0) throw failures[0];
};
