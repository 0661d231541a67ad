export interface PaceOptions {
  /** How many times as long as a piece of work what comes next may gather. */
  readonly share: number;
  readonly longestRestMs: number;
  /** So much of the time in which there was nothing to do counts as rest. */
  readonly savedMs: number;
}

/**
 * Spaces out work that costs nearly the same whatever its size, so that under load more gathers for each turn: the
 * dearer it is, the more. Who had little to do before need not rest: on an idle system nobody is kept waiting.
 */
export class Pace {
  private restsUntil = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: PaceOptions) {}

  /**
   * To be told what was done, by the same clock.
   * @param piece how long one piece of the work took, when it were several
   * @returns when the next work may begin
   */
  worked(began: number, ended: number, piece = ended - began): number {
    const { share, longestRestMs, savedMs } = this.options;
    const due = Math.max(this.restsUntil, began - savedMs) + (ended - began) + share * piece;
    this.restsUntil = Math.min(due, ended + longestRestMs);
    return this.restsUntil;
  }
}
