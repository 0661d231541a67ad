import type { HowToClose } from './draining.js';

/** What was opened, to be closed in the opposite order: once, and also when opening stops half way. */
export class Closing {
  private readonly steps: ((how: HowToClose) => unknown)[] = [];

  add(step: (how: HowToClose) => unknown): void {
    this.steps.unshift(step);
  }

  /** Takes what has to be closed, and gives it back. */
  opened<Opened extends { close(): unknown }>(opened: Opened): Opened {
    this.add(() => opened.close());
    return opened;
  }

  /** All of them, even when one fails; the first failure is thrown at the end. */
  close = async (how: HowToClose = {}): Promise<void> => {
    const failures: unknown[] = [];
    for (const step of this.steps.splice(0)) {
      try {
        await step(how);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };

  /** Runs what opens things, and closes what it has opened when it fails. */
  static async guard<Result>(open: (closing: Closing) => Promise<Result>): Promise<Result> {
    const closing = new Closing();
    try {
      return await open(closing);
    } catch (error) {
      await closing.close().catch(() => {}); // why it could not be opened is what counts
      throw error;
    }
  }
}
