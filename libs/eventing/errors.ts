/** How a failure that a caller can cause is answered; apps map each kind to one HTTP status. */
export type ErrorKind =
  | 'invalid' // the request itself is wrong
  | 'refused' // well-formed, but the current state does not allow it
  | 'conflict' // the same id was used before with other content, or somebody was faster
  | 'precondition-failed' // the caller's expected revision is not the actual one
  | 'not-found'
  | 'gone' // erased or deleted for good
  | 'unavailable'; // try again later

export interface FieldProblem {
  /** Path of the field in the request, for instance `lines[0].unitPrice.amount`. */
  readonly path: string;
  readonly reason: string;
}

/** A failure that a caller can cause or should know: a stable code, a sentence, and the fields at fault. */
export class PerennialError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** The domain's no: `refused('complaint-closed', 'The complaint is closed; reopen it first.')`. */
export const refused = (
  code: string,
  message: string,
  fields: readonly FieldProblem[] = [],
): PerennialError => new PerennialError('refused', code, message, fields);

export const conflict = (code: string, message: string): PerennialError =>
  new PerennialError('conflict', code, message);

export const invalid = (
  code: string,
  message: string,
  fields: readonly FieldProblem[] = [],
): PerennialError => new PerennialError('invalid', code, message, fields);

export const notFound = (code: string, message: string): PerennialError =>
  new PerennialError('not-found', code, message);
