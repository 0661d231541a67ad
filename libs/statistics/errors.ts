/** Why no honest number can be given; stable, so that callers can tell the cases apart. */
export type DegenerateCode =
  | 'no-customers'
  | 'one-customer'
  | 'no-repeat-purchases'
  | 'all-on-one-day'
  | 'no-variation'
  | 'mean-spend-does-not-exist'
  | 'one-outcome-only'
  | 'empty-arm';

export type InvalidInputCode =
  | 'lengths-differ'
  | 'impossible-history'
  | 'impossible-parameter'
  | 'impossible-argument'
  | 'impossible-outcome';

/** Data on which the asked estimate does not exist or means nothing. The message says so in a sentence for users. */
export class DegenerateData extends Error {
  constructor(
    readonly code: DegenerateCode,
    message: string,
  ) {
    super(message);
    this.name = 'DegenerateData';
  }
}

/** An argument outside its documented range: the caller's mistake, not the data's. */
export class InvalidInput extends Error {
  constructor(
    readonly code: InvalidInputCode,
    message: string,
  ) {
    super(message);
    this.name = 'InvalidInput';
  }
}

/** @throws InvalidInput `impossible-argument` unless `value` is a finite number in [least, most] */
export const requireWithin = (name: string, value: number, least: number, most = Number.MAX_VALUE): void => {
  if (!(value >= least && value <= most))
    throw new InvalidInput(
      'impossible-argument',
      `${name} must be a number from ${least} to ${most}, not ${value}.`,
    );
};

const LEAST_PARAMETER = 1e-6;
const MOST_PARAMETER = 1e7;

/** @throws InvalidInput `impossible-parameter` unless each is a number from 1e-6 to 1e7 */
export const checkParameters = <P extends object>(parameters: P, names: readonly (keyof P & string)[]): P => {
  for (const name of names) {
    const value = parameters[name];
    if (!(typeof value === 'number' && value >= LEAST_PARAMETER && value <= MOST_PARAMETER))
      throw new InvalidInput(
        'impossible-parameter',
        `The parameter ${name} must be a number from ${LEAST_PARAMETER} to ${MOST_PARAMETER}, not ${value}.`,
      );
  }
  return parameters;
};
