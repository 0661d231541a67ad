import { Pace } from '#platform/pace';
import type { Lane } from './lane.js';
import type { Lanes } from './lanes.js';

/**
 * Small inserts cost as much as large ones: the dearer one is, the longer what comes may gather. With one partition
 * landing has a quarter of its core when it is busy, commands the rest.
 */
const GATHERING = { share: 3, longestRestMs: 1000, savedMs: 500 };

/**
 * A position has landed when it has in every partition: so each lands what it has, one after the other, and then they
 * gather all together. Full batches do not wait, neither for a round nor for its end.
 */
export class Rounds {
  private readonly pace = new Pace(GATHERING);
  private current: { readonly began: number; inserts: number; milliseconds: number } | undefined;

  constructor(private readonly lanes: Pick<Lanes, 'all'>) {}

  landed(lane: Lane, began: number, ended: number): void {
    this.current ??= { began, inserts: 0, milliseconds: 0 };
    this.current.inserts += 1;
    this.current.milliseconds += ended - began;
    // Its turn comes again in the next round, or when the others take too long.
    lane.notBefore = ended + GATHERING.longestRestMs;
  }

  /** To be said when nothing may land at once. */
  end(now: number): void {
    if (!this.current) return;
    const { began, inserts, milliseconds } = this.current;
    const until = this.pace.worked(began, now, milliseconds / inserts);
    for (const lane of this.lanes.all) {
      if (lane.state.is === 'held') continue;
      // What waits already is not put off again because another partition landed full batches meanwhile.
      lane.notBefore = lane.read ? Math.min(lane.notBefore, until) : until;
    }
    this.current = undefined;
  }
}
