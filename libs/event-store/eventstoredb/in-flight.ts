/** Lets a bounded number of calls run at once; the others wait in order. */
export class InFlight {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  private whenIdle: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.running >= this.limit) await new Promise<void>((go) => this.waiting.push(go));
    else this.running += 1;
    try {
      return await call();
    } finally {
      this.passOn();
    }
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    if (this.running > 0) await new Promise<void>((done) => this.whenIdle.push(done));
  }

  private passOn(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.running -= 1;
    if (this.running > 0) return;
    for (const done of this.whenIdle) done();
    this.whenIdle = [];
  }
}
