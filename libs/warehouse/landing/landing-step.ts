/** Offsets of one partition, both ends included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** A batch that somebody has announced; whoever lands it lands exactly these offsets. */
export interface Claim extends Span {
  /** How many records are in it, landable or not. */
  readonly records: number;
}

/** How far a partition is, by what the warehouse says. */
export type PartitionState =
  /** Everything below `next` is landed, and nothing is announced beyond it. */
  | {
      readonly is: 'landed';
      readonly next: number;
      /** How many holds were released at `next`: whoever goes on from there says that it knows. */
      readonly turn: number;
    }
  /** Everything below `next` is landed, and somebody holds this place: nothing is to be announced beyond it. */
  | {
      readonly is: 'held';
      readonly next: number;
      readonly turn: number;
      readonly by: string;
      /** Whoever holds it should have released or prolonged it long ago. */
      readonly expired: boolean;
    }
  /** Everything below the claim is landed; of the claim itself this is not known. */
  | {
      readonly is: 'claimed';
      readonly claim: Claim;
      /** So much was landed since it was made that the engine may soon forget its token. */
      readonly old: boolean;
      /** How many of its records the warehouse has, in crm.events or among the dead letters. */
      readonly present: number;
    };

export type Step =
  /** Read on from this offset. */
  | { readonly do: 'read'; readonly from: number }
  /** What was read is landed already, up to and including this offset. */
  | { readonly do: 'skip'; readonly through: number }
  /** Announce what was read, or its beginning. */
  | { readonly do: 'claim' }
  /** Somebody holds this place: look again soon. */
  | { readonly do: 'rest' }
  /** Whoever holds this place must have died or fallen asleep: end the hold. */
  | { readonly do: 'release' }
  /** Insert exactly the claimed offsets under the claim's token, as often as it takes. */
  | { readonly do: 'insert'; readonly claim: Claim }
  /** The token may be forgotten: insert what the warehouse does not have; the projections need a rebuild. */
  | { readonly do: 'insert-absent'; readonly claim: Claim }
  /** The claim is landed in crm.events, but not surely in the projections: they need a rebuild. */
  | { readonly do: 'settle'; readonly claim: Claim }
  /** The claimed offsets are not all read yet. */
  | { readonly do: 'wait' }
  /** Events would be lost. */
  | { readonly do: 'stop'; readonly reason: string };

/**
 * What to do next with one partition. Its full table of cases is in landing-step.spec.ts.
 *
 * A claim begins where the last one ended, so that the claims of a partition form a chain without a hole, and two
 * writers who go on from the same place claim under the same key: one of them wins, and both then insert the
 * winner's offsets under the winner's token, which the engine takes once.
 * @param read what was read and is not handled yet; undefined before anything was
 * @param low the earliest offset that the stream still has
 */
export const nextStep = (state: PartitionState, read: Span | undefined, low: number): Step => {
  if (state.is !== 'claimed') return read ? goOn(state, read) : resume(state.next, low);
  if (state.old && state.present >= state.claim.records) return { do: 'settle', claim: state.claim };
  return read ? finish(state, read) : resumeClaim(state, low);
};

const resume = (from: number, low: number): Step =>
  low > from
    ? { do: 'stop', reason: `the stream begins at offset ${low}, but ${from} is not landed` }
    : { do: 'read', from };

const resumeClaim = ({ claim, present }: Claimed, low: number): Step =>
  low > claim.first && present >= claim.records
    ? { do: 'settle', claim } // it cannot be read again, and need not be
    : resume(claim.first, low);

const goOn = (state: Exclude<PartitionState, Claimed>, read: Span): Step => {
  const { next } = state;
  if (read.last < next) return { do: 'skip', through: read.last };
  if (read.first < next) return { do: 'skip', through: next - 1 };
  if (read.first > next)
    return { do: 'stop', reason: `offsets ${next} to ${read.first - 1} are missing in the stream` };
  if (state.is === 'landed') return { do: 'claim' };
  return { do: state.expired ? 'release' : 'rest' };
};

type Claimed = Extract<PartitionState, { is: 'claimed' }>;

const finish = ({ claim, old }: Claimed, read: Span): Step => {
  if (read.last < claim.first) return { do: 'skip', through: read.last };
  if (read.first < claim.first) return { do: 'skip', through: claim.first - 1 };
  if (read.first > claim.first)
    return {
      do: 'stop',
      reason: `offsets ${claim.first} to ${read.first - 1} are claimed, but missing in the stream`,
    };
  if (read.last < claim.last) return { do: 'wait' };
  return { do: old ? 'insert-absent' : 'insert', claim };
};
