/** How long something that another process did may stay unseen. */
const LOOK_AGAIN_MS = 1_000;

/** Those who wait until something is appended. */
export class Waiters {
  private waiting = new Set<() => void>();

  wake(): void {
    const woken = this.waiting;
    this.waiting = new Set();
    for (const go of woken) go();
  }

  /** Returns when woken, when aborted, and after a while anyway, because another process cannot wake us. */
  wait(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => go(), LOOK_AGAIN_MS);
      timer.unref();
      const go = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', go);
        this.waiting.delete(go);
        resolve();
      };
      signal?.addEventListener('abort', go);
      this.waiting.add(go);
    });
  }
}
