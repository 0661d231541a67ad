/**
 * Runs tasks of one lane one after the other and lanes side by side. A barrier waits for all tasks before it
 * and holds up all after it.
 */
export class Lanes {
  private readonly tails = new Map<string, Promise<void>>();
  private barrier: Promise<void> | undefined;

  run<T>(lane: string, task: () => Promise<T>): Promise<T> {
    const before = this.tails.get(lane) ?? this.barrier;
    const result = before ? before.then(task) : task();
    const tail = settled(result);
    this.tails.set(lane, tail);
    void tail.then(() => {
      if (this.tails.get(lane) === tail) this.tails.delete(lane);
    });
    return result;
  }

  runAlone<T>(task: () => Promise<T>): Promise<T> {
    const before = [...this.tails.values(), ...(this.barrier ? [this.barrier] : [])];
    const result = Promise.all(before).then(task);
    const barrier = settled(result);
    this.tails.clear();
    this.barrier = barrier;
    void barrier.then(() => {
      if (this.barrier === barrier) this.barrier = undefined;
    });
    return result;
  }
}

const settled = (result: Promise<unknown>): Promise<void> =>
  result.then(
    () => undefined,
    () => undefined,
  );
