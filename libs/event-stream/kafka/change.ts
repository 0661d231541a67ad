/**
 * Lets any number of loops sleep until something has changed. Whoever looks at the condition and sleeps without an
 * `await` in between misses nothing.
 */
export class Change {
  private readonly sleepers = new Set<() => void>();

  notify(): void {
    for (const wake of this.sleepers) wake();
  }

  /** Until the next `notify`, or as long as given. */
  next(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.sleepers.delete(wake);
        resolve();
      };
      const timer = milliseconds === undefined ? undefined : setTimeout(wake, milliseconds);
      this.sleepers.add(wake);
    });
  }
}
