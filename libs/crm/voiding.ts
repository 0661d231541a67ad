import { conflict } from '#eventing/errors';
import { sameContent } from '#eventing/same-content';
import type { Sealed } from '#eventing/sealed';
import { FieldChecks } from './field-checks.js';

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

/**
 * Whether a fact is still to be voided; false when it is voided so already.
 * @throws PerennialError `validation-failed`, and `already-voided` when it was voided for another reason
 */
export const toBeVoided = (id: string, voiding: Voiding, already: Voiding | undefined): boolean => {
  const checks = new FieldChecks();
  checks.present('reason', voiding.reason);
  checks.reason('reason', voiding.reason);
  checks.id('replacedBy', voiding.replacedBy);
  if (voiding.replacedBy === id) checks.fail('replacedBy', 'must be another one');
  checks.sealed('note', voiding.note);
  checks.done();
  if (already === undefined) return true;
  if (sameContent(already, voiding)) return false;
  throw conflict('already-voided', `${id} was voided before, for another reason.`);
};
