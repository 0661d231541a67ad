import type { Checkpoint } from './checkpoint-record.js';

const MOST = 8_192;

/**
 * The checkpoints that lead from offsets to positions, the newest ones all, older ones more and more sparsely:
 * their number is bounded, and what is said of an old state is a position that may be lower than it could be, never
 * higher.
 */
export class Checkpoints {
  /** By rising position; no offset ever falls. */
  private list: Checkpoint[] = [];

  constructor(private readonly most = MOST) {}

  get newest(): Checkpoint | undefined {
    return this.list.at(-1);
  }

  clear(): void {
    this.list = [];
  }

  add(checkpoint: Checkpoint): void {
    const { newest } = this;
    if (newest && newest.position === checkpoint.position) this.list.pop();
    // Somebody has begun from the start: what was known is of another time.
    else if (newest && newest.position > checkpoint.position) this.list = [];
    this.list.push(checkpoint);
    if (this.list.length > this.most) this.thin();
  }

  /**
   * The largest position of a checkpoint that is kept here and whose offsets are all at most those given; -1 for
   * none. A partition that is not given counts as 0.
   */
  positionBelow(offsets: ReadonlyMap<number, number>): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBelow(this.list[middle]!, offsets)) low = middle + 1;
      else high = middle;
    }
    return this.list[low - 1]?.position ?? -1;
  }

  /** Every second one of the older half goes. */
  private thin(): void {
    const half = this.list.length >>> 1;
    this.list = this.list.filter((_, i) => i >= half || i % 2 === 0);
  }
}

const isBelow = ({ next }: Checkpoint, offsets: ReadonlyMap<number, number>): boolean => {
  for (const [partition, offset] of next) if (offset > (offsets.get(partition) ?? 0)) return false;
  return true;
};
