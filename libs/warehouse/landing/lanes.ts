import type { StreamBatch } from '#event-stream/event-stream';
import type { Lane } from './lane.js';

/** The lanes of the partitions that this process has now, and which of them is next. */
export class Lanes {
  private readonly lanes = new Map<number, Lane>();

  get all(): readonly Lane[] {
    return [...this.lanes.values()];
  }

  get(partition: number): Lane | undefined {
    return this.lanes.get(partition);
  }

  put(lane: Lane): void {
    this.lanes.set(lane.partition, lane);
  }

  delete(partition: number): void {
    this.lanes.delete(partition);
  }

  /** Not of a partition that was taken away, even if it was given back since. */
  has(lane: Lane): boolean {
    return this.lanes.get(lane.partition) === lane;
  }

  /** None for a batch whose partition has been taken away since, even if it was given back, or is stopped. */
  of({ partition, generation }: Pick<StreamBatch, 'partition' | 'generation'>): Lane | undefined {
    const lane = this.lanes.get(partition);
    return lane?.generation === generation && lane.goesOn ? lane : undefined;
  }

  /** A claim is brought to its end before anything else; otherwise who waits longest comes first. */
  next(paused: boolean): Lane | undefined {
    const ready = this.all.filter((lane) => isReady(lane, paused));
    const open = ready.find(({ state }) => state.is === 'claimed');
    return open ?? ready.sort((a, b) => (a.behindSince ?? 0) - (b.behindSince ?? 0))[0];
  }

  /** When the next one may be ready by itself; undefined when none will. */
  due(paused: boolean): number | undefined {
    if (paused) return undefined;
    const due = this.all
      .filter((lane) => lane.goesOn && (isHeld(lane) || (lane.read && !lane.incomplete)))
      .map(({ notBefore }) => notBefore);
    return due.length > 0 ? Math.min(...due) : undefined;
  }
}

const isReady = (lane: Lane, paused: boolean): boolean => {
  if (!lane.goesOn) return false;
  if (isHeld(lane)) return !paused && performance.now() >= lane.notBefore;
  if (lane.read === undefined || lane.incomplete) return false;
  if (lane.state.is === 'claimed') return true;
  return !paused && (lane.full || performance.now() >= lane.notBefore);
};

const isHeld = ({ state }: Lane): boolean => state.is === 'held';
