import { type FieldProblem, invalid } from '#eventing/errors';
import { idProblem } from '#eventing/ids';
import { isSealed } from '#eventing/sealed';

const MAX_CODE_LENGTH = 100;
const CODE = /^[\p{L}\p{N}][\p{L}\p{N} .,:;/&'()%+_-]*$/u;
const PRINTABLE = /^[\p{L}\p{N}\p{P}\p{S} ]+$/u;
const MAX_LABEL_LENGTH = 200;
const LIKE_AN_EMAIL_ADDRESS = /[^\s@]@[^\s@]+\.[^\s@]/;
const LIKE_A_TELEPHONE_NUMBER = /(?:\d[ ().+/-]*){7}/;
const REASON = /^[a-z0-9]+(?:[-_][a-z0-9]+)*$/;
const MAX_REASON_LENGTH = 40;

/** What is wrong with a word of the company's own vocabulary, such as a channel: it stays in the clear for ever. */
export const codeProblem = (value: unknown): string | undefined => {
  if (typeof value !== 'string' || value.length > MAX_CODE_LENGTH || !CODE.test(value))
    return `must be a short name of letters, digits and , . : ; / & ' ( ) % + _ -`;
  return LIKE_A_TELEPHONE_NUMBER.test(value)
    ? 'must not contain a telephone number: it stays in the clear'
    : undefined;
};

/** What is wrong with a name that people read, of a product, a company or a campaign; it stays in the clear too. */
export const labelProblem = (value: unknown): string | undefined => {
  if (typeof value !== 'string' || value.length > MAX_LABEL_LENGTH || !PRINTABLE.test(value))
    return `must be 1 to ${MAX_LABEL_LENGTH} printable characters`;
  return LIKE_AN_EMAIL_ADDRESS.test(value) || LIKE_A_TELEPHONE_NUMBER.test(value)
    ? 'must not contain an e-mail address or a telephone number: it stays in the clear'
    : undefined;
};

/** What is wrong with a reason code: strict, so that nobody writes sentences about people where they stay in the clear. */
export const reasonProblem = (value: unknown): string | undefined =>
  typeof value !== 'string' || value.length > MAX_REASON_LENGTH || !REASON.test(value)
    ? 'must be a code like changed-mind (at most 40 characters); put words into the note'
    : undefined;

/** Collects what is wrong with a command, so that its sender learns of every wrong field at once. */
export class FieldChecks {
  private problems: FieldProblem[] | undefined;

  fail(path: string, reason: string): void {
    this.problems ??= [];
    this.problems.push({ path, reason });
  }

  present(path: string, value: unknown): void {
    if (value === undefined || value === null) this.fail(path, 'is required');
  }

  /** An id from outside, which stays in the clear for ever. */
  id(path: string, value: string | undefined): void {
    if (value === undefined) return;
    const problem = typeof value === 'string' ? idProblem(value) : 'must be a string';
    if (problem !== undefined) this.fail(path, problem);
  }

  code(path: string, value: string | undefined): void {
    this.refuse(path, value, codeProblem);
  }

  label(path: string, value: string | undefined): void {
    this.refuse(path, value, labelProblem);
  }

  reason(path: string, value: string | undefined): void {
    this.refuse(path, value, reasonProblem);
  }

  oneOf(path: string, value: string | undefined, allowed: readonly string[]): void {
    if (value !== undefined && !allowed.includes(value))
      this.fail(path, `must be one of: ${allowed.join(', ')}`);
  }

  /** The last door before a personal value would be kept in the clear for ever. */
  sealed(path: string, value: string | null | undefined): void {
    if (value !== undefined && value !== null && !isSealed(value)) this.fail(path, 'must be sealed');
  }

  count(path: string, value: number | undefined, max: number): void {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0 && value <= max))
      this.fail(path, `must be a whole number from 0 to ${max}`);
  }

  /** @throws PerennialError `validation-failed` with all problems found */
  done(): void {
    if (this.problems !== undefined)
      throw invalid('validation-failed', 'The command has wrong fields.', this.problems);
  }

  private refuse(
    path: string,
    value: string | undefined,
    problemOf: (value: unknown) => string | undefined,
  ): void {
    const problem = value === undefined ? undefined : problemOf(value);
    if (problem !== undefined) this.fail(path, problem);
  }
}
