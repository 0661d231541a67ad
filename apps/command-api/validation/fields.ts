import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsOptional, ValidateBy, ValidateNested } from 'class-validator';
import { idProblem, MAX_ID_LENGTH } from '#eventing/ids';
import { type DtoClass, nestedTypeOf } from './nested-type.js';

/** What is wrong with a value, in words that follow its path; undefined when nothing is. */
export type Reason = (value: unknown) => string | undefined;

export interface FieldOptions {
  /** Absent and null mean the same: not said. */
  readonly optional?: true;
  /** Where null means to take a value away: whether this one can be taken away. */
  readonly nullable?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  /** A list of such values, at most so many. */
  readonly listOf?: number;
}

/** One decorator per field: class-validator's constraint and the OpenAPI schema are made of the same facts. */
export const field = (
  name: string,
  reason: Reason,
  schema: Record<string, unknown>,
  { optional, nullable, description, example, listOf }: FieldOptions,
): PropertyDecorator => {
  const many = listOf !== undefined;
  const mayBeNull = nullable === true;
  const constraint = (each: boolean, constraintName: string, check: Reason) =>
    ValidateBy(
      {
        name: constraintName,
        validator: {
          validate: (value) => check(value) === undefined,
          defaultMessage: (args) => check(args?.value) ?? '',
        },
      },
      { each, ...contextOf(nullable) },
    );
  return applyDecorators(
    ...(many ? [constraint(false, 'list', listReason(listOf))] : []),
    constraint(many, name, mayBeNull ? (value) => (value === null ? undefined : reason(value)) : reason),
    ...(optional ? [IsOptional()] : []),
    ApiProperty({
      ...(many ? { type: 'array', items: schema, maxItems: listOf } : schema),
      required: !optional,
      ...(mayBeNull && { nullable: true }),
      ...(description && { description }),
      ...(example !== undefined && { example }),
    } as ApiPropertyOptions),
  );
};

const contextOf = (nullable: boolean | undefined) =>
  nullable === undefined ? {} : { context: { nullable } };

const listReason =
  (max: number, min = 0): Reason =>
  (value) => {
    if (!Array.isArray(value)) return 'must be a list';
    if (value.length > max) return `must have at most ${max} entries`;
    if (value.length < min) return `must have at least ${min} entries`;
    return undefined;
  };

// Everything a text may not hold: control characters other than tab and line ends, and halves of surrogate pairs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]|\p{Cs}/u;

export const textReason =
  (max: number, min = 1): Reason =>
  (value) => {
    if (typeof value !== 'string') return 'must be a text';
    if (value.length < min) return 'must not be empty';
    if (value.length > max) return `must have at most ${max} characters`;
    if (UNPRINTABLE.test(value)) return 'must consist of printable characters';
    // Nobody outside may write the form of an encrypted value.
    if (value.startsWith('sealed.1.')) return 'must not begin with "sealed.1."';
    return undefined;
  };

export const Text = ({ max, ...options }: FieldOptions & { max: number }): PropertyDecorator =>
  field('text', textReason(max), { type: 'string', minLength: 1, maxLength: max }, options);

/** A short name of a kind, chosen by the caller's company: `web`, `late-delivery`. */
export const Term = (options: FieldOptions): PropertyDecorator => Text({ max: 100, ...options });

export const Id = (options: FieldOptions): PropertyDecorator =>
  field(
    'id',
    (value) => (typeof value === 'string' ? idProblem(value) : 'must be a text'),
    { type: 'string', minLength: 1, maxLength: MAX_ID_LENGTH },
    options,
  );

export const OneOf = (values: readonly string[], options: FieldOptions): PropertyDecorator =>
  field(
    'oneOf',
    (value) => (values.includes(value as string) ? undefined : `must be one of ${values.join(', ')}`),
    { type: 'string', enum: [...values] },
    options,
  );

export const Flag = (options: FieldOptions): PropertyDecorator =>
  field(
    'flag',
    (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
    { type: 'boolean' },
    options,
  );

export const Whole = ({
  min,
  max,
  ...options
}: FieldOptions & { min: number; max: number }): PropertyDecorator =>
  field(
    'whole',
    (value) =>
      Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
        ? undefined
        : `must be a whole number from ${min} to ${max}`,
    { type: 'integer', minimum: min, maximum: max },
    options,
  );

export const Fraction = ({
  min,
  max,
  ...options
}: FieldOptions & { min: number; max: number }): PropertyDecorator =>
  field(
    'fraction',
    (value) =>
      typeof value === 'number' && value >= min && value <= max
        ? undefined
        : `must be a number from ${min} to ${max}`,
    { type: 'number', minimum: min, maximum: max },
    options,
  );

/** Text of a form: `matching(/^\d+$/, 'must be digits')`. The expression must not run long on any input. */
export const Matching = ({
  form,
  reason,
  max,
  ...options
}: FieldOptions & { form: RegExp; reason: string; max: number }): PropertyDecorator =>
  field(
    'matching',
    (value) => (typeof value === 'string' && value.length <= max && form.test(value) ? undefined : reason),
    { type: 'string', maxLength: max, pattern: form.source },
    options,
  );

const realDate = (value: string): boolean => {
  const at = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value) && value >= '1900';
};

/** A day of the calendar, which may lie in the future: `2024-05-01`. */
export const Day = (options: FieldOptions): PropertyDecorator =>
  field(
    'day',
    (value) =>
      typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && realDate(value)
        ? undefined
        : 'must be a date like 2024-05-01',
    { type: 'string', format: 'date' },
    options,
  );

/** When it happened; the pipeline reads it, because that takes the business zone and the clock. */
export const OccurredAt = (options: FieldOptions = {}): PropertyDecorator =>
  field(
    'occurredAt',
    (value) => (typeof value === 'string' && value.length <= 40 ? undefined : 'must be a text'),
    { type: 'string', maxLength: 40 },
    {
      description:
        'An instant with offset, or a bare date, which is never shifted; not in the future.' +
        (options.optional ? ' Default: now.' : ''),
      example: '2024-05-01T10:00:00+02:00',
      ...options,
    },
  );

/** Nest knows a function that gives a class from the class itself by the function's name alone. */
const lazily = (nested: () => DtoClass) => ({ type: () => nested() });

/** One object of another class. */
export const Nested = (type: () => DtoClass, options: Omit<FieldOptions, 'listOf'>): PropertyDecorator =>
  applyDecorators(
    nestedTypeOf(type),
    ValidateNested(contextOf(options.nullable)),
    ...(options.optional ? [IsOptional()] : []),
    ApiProperty({
      ...lazily(type),
      required: !options.optional,
      description: options.description,
      ...(options.nullable && { nullable: true }),
    }),
  );

/** A list of objects of another class. */
export const Many = (
  type: () => DtoClass,
  { max, min = 0, ...options }: FieldOptions & { max: number; min?: number },
): PropertyDecorator =>
  applyDecorators(
    nestedTypeOf(type),
    ValidateBy({
      name: 'list',
      validator: {
        validate: (value) => listReason(max, min)(value) === undefined,
        defaultMessage: (args) => listReason(max, min)(args?.value) ?? '',
      },
    }),
    ValidateNested({ each: true }),
    ...(options.optional ? [IsOptional()] : []),
    ApiProperty({
      ...lazily(type),
      isArray: true,
      required: !options.optional,
      maxItems: max,
      minItems: min,
      description: options.description,
    }),
  );
