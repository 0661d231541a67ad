import { Readable } from 'node:stream';

/**
 * Many clients send their whole request before they read an answer; were the server to stop reading as soon as
 * its answers are not taken, both would wait for ever. So this much is kept for them first.
 */
const KEPT_BYTES = 16 * 1024 * 1024;

/** A readable of lines in the order in which they were asked for, whatever the order in which they are done. */
export class OrderedAnswers extends Readable {
  private readonly waiting: { line: string | undefined }[] = [];
  private head = 0;
  private flushing = false;
  private full = false;
  private ended = false;
  private inFlight = 0;
  private wake: (() => void) | undefined;

  constructor(
    private readonly maxInFlight: number,
    private readonly maxWaiting = 8 * maxInFlight,
  ) {
    super({ highWaterMark: KEPT_BYTES });
  }

  override _read(): void {
    this.full = false;
    this.wakeUp();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.wakeUp();
    callback(error);
  }

  /** Takes the next place in the order. The answer never fails: what goes wrong is an answer too. */
  add(answer: Promise<string>): void {
    const place: { line: string | undefined } = { line: undefined };
    this.waiting.push(place);
    this.inFlight += 1;
    void answer.then((line) => {
      place.line = line;
      this.inFlight -= 1;
      this.flushSoon();
    });
  }

  /** Resolves when there is room for one more; false when nobody listens any longer. */
  async room(): Promise<boolean> {
    while (!this.destroyed && this.isFull())
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    return !this.destroyed;
  }

  isFull(): boolean {
    return (
      this.full || this.inFlight >= this.maxInFlight || this.waiting.length - this.head >= this.maxWaiting
    );
  }

  /** No more answers will be added. */
  end(): void {
    this.ended = true;
    this.flushSoon();
  }

  /** Answers that are done in one turn of the event loop leave as one chunk. */
  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => {
      this.flushing = false;
      this.flush();
      this.wakeUp();
    });
  }

  private flush(): void {
    if (this.destroyed) return;
    let chunk = '';
    for (; this.head < this.waiting.length; this.head++) {
      const { line } = this.waiting[this.head]!;
      if (line === undefined) break;
      chunk += line;
    }
    if (this.head > 1024 || this.head === this.waiting.length) {
      this.waiting.splice(0, this.head);
      this.head = 0;
    }
    if (chunk !== '' && !this.push(chunk)) this.full = true;
    if (this.ended && this.waiting.length === this.head) this.push(null);
  }

  private wakeUp(): void {
    const { wake } = this;
    this.wake = undefined;
    wake?.();
  }
}
