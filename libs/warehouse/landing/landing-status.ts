import type { Lane } from './lane.js';
import type { Trouble } from './patience.js';

export type LandingState =
  /** Lands what comes. */
  | 'landing'
  /** The warehouse does not answer, or cannot take anything now. */
  | 'waiting'
  /** Somebody pauses it. */
  | 'held'
  /** It has ended by itself, or events of a partition would be lost if it went on there. */
  | 'failed';

export interface PartitionStatus {
  readonly partition: number;
  readonly generation: number;
  /** The first offset that has not landed. */
  readonly next: number;
  /** Announced, and not landed yet. */
  readonly claimed?: { readonly first: number; readonly last: number };
  readonly waitingRecords: number;
  /** When the event store took the oldest of them, in milliseconds since 1970. */
  readonly behindSince?: number;
  /** Why it does not go on. */
  readonly stopped?: string;
}

export interface LandingStatus {
  readonly state: LandingState;
  /** In milliseconds since 1970. */
  readonly since: number;
  readonly reason?: string;
  /** Of this process alone. */
  readonly partitions: readonly PartitionStatus[];
  /** Since the process started. */
  readonly landedRecords: number;
  readonly landedBatches: number;
  readonly deadLetters: number;
  readonly lastLandedAt?: number;
}

/** What is counted of what has landed. */
export class LandingCounts {
  landedRecords = 0;
  landedBatches = 0;
  deadLetters = 0;
  lastLandedAt: number | undefined;

  add({ records, deadLetters }: { readonly records: number; readonly deadLetters: number }): void {
    this.landedRecords += records;
    this.deadLetters += deadLetters;
    this.landedBatches += 1;
    this.lastLandedAt = Date.now();
  }
}

export interface Standing {
  readonly failure: unknown;
  readonly trouble: Trouble | undefined;
  readonly paused: boolean;
  readonly lanes: readonly Lane[];
}

/** The state and its reason, the gravest first. */
export const standingOf = ({
  failure,
  trouble,
  paused,
  lanes,
}: Standing): Pick<LandingStatus, 'state' | 'reason'> => {
  if (failure !== undefined)
    return { state: 'failed', reason: failure instanceof Error ? failure.message : String(failure) };
  const stopped = lanes.flatMap((lane) => lane.stopped?.message ?? []);
  if (stopped.length > 0) return { state: 'failed', reason: stopped.join(' ') };
  if (trouble) return { state: 'waiting', reason: trouble.reason };
  if (paused) return { state: 'held', reason: 'paused in this process' };
  for (const { state } of lanes) if (state.is === 'held') return { state: 'held', reason: `by ${state.by}` };
  return { state: 'landing' };
};

export const partitionStatus = (lane: Lane): PartitionStatus => {
  const { state, partition, generation, stopped, behindSince, waitingRecords } = lane;
  return {
    partition,
    generation,
    next: state.is === 'claimed' ? state.claim.first : state.next,
    ...(state.is === 'claimed' && { claimed: { first: state.claim.first, last: state.claim.last } }),
    waitingRecords,
    ...(behindSince !== undefined && { behindSince }),
    ...(stopped && { stopped: stopped.message }),
  };
};
