import type { Sealed } from '#eventing/sealed';

/** Why a recorded fact is no longer to be counted. A wrong fact is voided, never edited. */
export interface Voiding {
  /** A code, for instance one of `voidReasons`. */
  readonly reason: string;
  /** Id of the fact that takes its place. */
  readonly replacedBy?: string;
  readonly note?: Sealed;
}

/** Reasons that reports know by name; a company may use codes of its own beside them. */
export const voidReasons = [
  'duplicate',
  'entered-in-error',
  'wrong-customer',
  'cancelled',
  'fraud',
  'test',
] as const;
