import { CODES, exception } from './exception.js';

/** At most so many at once; others wait, in the order in which they came, and of those not too many either. */
export class Turns {
  private taken = 0;
  private closed = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly places: number,
    private readonly longestQueue: number,
  ) {}

  get running(): number {
    return this.taken;
  }

  get queued(): number {
    return this.waiting.length;
  }

  /** Whoever waits, or comes later, is refused. */
  close(): void {
    this.closed = true;
    for (const next of this.waiting.splice(0)) {
      this.taken += 1;
      next();
    }
  }

  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.taken >= this.places) {
      if (this.waiting.length >= this.longestQueue)
        throw exception(
          CODES.tooManyQueries,
          'TOO_MANY_SIMULTANEOUS_QUERIES',
          `${this.places} queries run and ${this.waiting.length} wait: no more are taken`,
        );
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    } else this.taken += 1;
    try {
      if (this.closed) throw exception(CODES.overloaded, 'SERVER_OVERLOADED', 'The server is shutting down');
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.taken -= 1;
    }
  }
}
