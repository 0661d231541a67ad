import type { FieldChecks } from '../field-checks.js';
import { checkMoney, Decimal, decimal, minorUnit } from '../money.js';
import { trimmed } from '../same-fact.js';
import { lineKinds, type Purchase, type PurchaseLine } from './purchase-types.js';

const MAX_LINES = 500;
/** At most 12 digits before the point and 6 behind it, and not 0. */
const QUANTITY = /^(?!0(?:\.0+)?$)(?:0|[1-9]\d{0,11})(?:\.\d{1,6})?$/;

export const quantityProblem = (quantity: unknown): string | undefined =>
  typeof quantity !== 'string' || !QUANTITY.test(quantity)
    ? 'must be a decimal string above 0 with at most 6 digits after the point'
    : undefined;

export const checkQuantity = (checks: FieldChecks, path: string, quantity: string): void => {
  const problem = quantityProblem(quantity);
  if (problem !== undefined) checks.fail(path, problem);
};

/** Every line with its id and its quantity in one form, so that returns can name it and repeats are recognised. */
export const withLineIds = (purchase: Purchase): Purchase =>
  purchase.lines === undefined
    ? purchase
    : {
        ...purchase,
        lines: purchase.lines.map((line, index) => ({
          ...line,
          lineId: line.lineId ?? String(index + 1),
          quantity: trimmed(String(line.quantity)),
        })),
      };

/** Checks every line by itself; `checkTotal` checks them against the total. */
export const checkLines = (checks: FieldChecks, lines: readonly PurchaseLine[], currency?: string): void => {
  if (lines.length > MAX_LINES) checks.fail('lines', `must be at most ${MAX_LINES}`);
  const ids = new Set<string>();
  for (const [index, line] of lines.entries()) {
    const path = `lines[${index}]`;
    checks.id(`${path}.lineId`, line.lineId);
    if (line.lineId !== undefined && ids.size === ids.add(line.lineId).size)
      checks.fail(`${path}.lineId`, 'must differ from those of the other lines');
    checks.present(`${path}.sku`, line.sku);
    checks.id(`${path}.sku`, line.sku);
    checks.code(`${path}.category`, line.category);
    checks.oneOf(`${path}.kind`, line.kind, lineKinds);
    checks.id(`${path}.offerId`, line.offerId);
    checkQuantity(checks, `${path}.quantity`, line.quantity);
    checkMoney(checks, `${path}.unitPrice`, line.unitPrice, currency);
    checkMoney(checks, `${path}.listPrice`, line.listPrice, currency);
    checkMoney(checks, `${path}.unitCost`, line.unitCost, currency);
    checkMoney(checks, `${path}.discount`, line.discount, currency);
  }
};

/**
 * The total is what the parts come to:
 *
 *     Σ (quantity × unitPrice − line discount) + tax (unless included) + shipping − discount = total
 *
 * Sellers round each line, so one minor unit of the currency per line is allowed. Where a line has no price, the
 * priced ones must not come to more than the total. Call it only with fields that passed their own checks.
 */
export const checkTotal = (checks: FieldChecks, purchase: Purchase): void => {
  const { total, lines = [], tax, shipping, discount, taxIncluded } = purchase;
  const paid = decimal(total);
  if (tax !== undefined && decimal(tax).gt(paid)) checks.fail('tax.amount', 'must not exceed the total');
  const priced = lines.filter((line) => line.unitPrice !== undefined);
  for (const [index, line] of lines.entries()) {
    if (line.discount !== undefined && line.unitPrice !== undefined && amountOf(line).isNegative())
      checks.fail(`lines[${index}].discount.amount`, 'must not exceed what the line costs');
  }
  if (priced.length === 0) return;
  const expected = priced
    .reduce((sum, line) => sum.plus(amountOf(line)), decimal(taxIncluded ? undefined : tax))
    .plus(decimal(shipping))
    .minus(decimal(discount));
  const tolerance = minorUnit(total.currency).times(lines.length);
  const difference = expected.minus(paid);
  const wrong = priced.length === lines.length ? difference.abs().gt(tolerance) : difference.gt(tolerance);
  if (wrong)
    checks.fail(
      'total.amount',
      `must be ${expected.toFixed()}, which lines, tax, shipping and discount come to, give or take ${tolerance.toFixed()}`,
    );
};

const amountOf = (line: PurchaseLine): Decimal =>
  new Decimal(line.quantity).times(decimal(line.unitPrice)).minus(decimal(line.discount));
