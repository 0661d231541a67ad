import { codeProblem, labelProblem, reasonProblem } from '#crm/field-checks';
import { currencyScale, isAmount } from '#crm/money';
import { quantityProblem } from '#crm/purchase/totals';
import { type FieldOptions, field, Nested, type Reason, Text } from './fields.js';

// Fields of the domain's own kinds. What is wrong with them the domain says; here are the bounds and the schema.

/** A word of the company's own vocabulary: `web`, `late-delivery`. It stays in the clear. */
export const Code = (options: FieldOptions): PropertyDecorator =>
  field('code', codeProblem, { type: 'string', minLength: 1, maxLength: 100 }, options);

/** A name that people read, of a product or a campaign. It stays in the clear. */
export const Label = (options: FieldOptions): PropertyDecorator =>
  field('label', labelProblem, { type: 'string', minLength: 1, maxLength: 200 }, options);

/** Why something was done, as a code; words belong into the note. */
export const ReasonCode = (options: FieldOptions): PropertyDecorator =>
  field(
    'reasonCode',
    reasonProblem,
    { type: 'string', maxLength: 40, pattern: '^[a-z0-9]+(?:[-_][a-z0-9]+)*$' },
    options,
  );

export const MAX_FREE_TEXT = 20_000;

/** What somebody wrote by hand; kept encrypted. */
export const FreeText = (options: FieldOptions): PropertyDecorator =>
  Text({ max: MAX_FREE_TEXT, ...options });

export const Note = (description = 'Words to it, for people to read. Kept encrypted.'): PropertyDecorator =>
  FreeText({ optional: true, description, example: 'She called twice about it.' });

const currencyReason: Reason = (value) =>
  typeof value === 'string' && currencyScale(value) !== undefined
    ? undefined
    : 'must be an ISO 4217 code like EUR';

const amountReason: Reason = (value) =>
  isAmount(value)
    ? undefined
    : 'must be a decimal text of at least 0, like "12.34": a number would be rounded';

export class Money {
  @field(
    'amount',
    amountReason,
    { type: 'string', maxLength: 19, pattern: '^(?:0|[1-9][0-9]{0,13})(?:\\.[0-9]{1,4})?$' },
    {
      description: 'Decimal text with at most as many digits after the point as the currency has.',
      example: '12.34',
    },
  )
  amount!: string;

  @field(
    'currency',
    currencyReason,
    { type: 'string', minLength: 3, maxLength: 3 },
    { description: 'ISO 4217.', example: 'EUR' },
  )
  currency!: string;
}

export const Amount = (options: Omit<FieldOptions, 'listOf'>): PropertyDecorator =>
  Nested(() => Money, options);

/** A number would be text to the domain: see `withQuantitiesAsText`. */
export const Quantity = (options: FieldOptions): PropertyDecorator =>
  field(
    'quantity',
    (value) => quantityProblem(typeof value === 'number' ? String(value) : value),
    {
      oneOf: [
        { type: 'string', pattern: '^(?!0(?:\\.0+)?$)(?:0|[1-9]\\d{0,11})(?:\\.\\d{1,6})?$' },
        { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1_000_000_000_000 },
      ],
    },
    options,
  );

export const FlagFalse = (options: FieldOptions): PropertyDecorator =>
  field(
    'flagFalse',
    (value) => (value === false ? undefined : 'must be false, or left out'),
    { type: 'boolean', enum: [false] },
    options,
  );

const figuresReason =
  (max: number): Reason =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.keys(value).length <= max &&
    Object.entries(value).every(([name, item]) => codeProblem(name) === undefined && Number.isFinite(item))
      ? undefined
      : `must be at most ${max} numbers by name`;

/** Numbers by names of the caller's choice. */
export const Figures = ({ max, ...options }: FieldOptions & { max: number }): PropertyDecorator =>
  field(
    'figures',
    figuresReason(max),
    { type: 'object', additionalProperties: { type: 'number' }, maxProperties: max },
    options,
  );

/** Lines that name their quantity as a number name it as text afterwards. */
export const withQuantitiesAsText = <Body extends { readonly lines?: readonly object[] }>(
  body: Body,
): Body =>
  body.lines === undefined
    ? body
    : {
        ...body,
        lines: body.lines.map((line) =>
          'quantity' in line && typeof line.quantity === 'number'
            ? { ...line, quantity: String(line.quantity) }
            : line,
        ),
      };
