import { refused } from '#eventing/errors';
import { FieldChecks } from '../field-checks.js';
import { checkMoney, Decimal, decimal, moneyOf } from '../money.js';
import { trimmed } from '../same-fact.js';
import type {
  LineToReturn,
  Purchase,
  PurchaseLine,
  Return,
  ReturnedLine,
  ReturnRequest,
} from './purchase-types.js';
import { checkQuantity } from './totals.js';

const MAX_LINES = 500;

/** Checks what can be told without knowing the purchase. @throws PerennialError `validation-failed` */
export const checkReturn = (request: ReturnRequest, currency?: string): void => {
  const checks = new FieldChecks();
  checks.present('returnId', request.returnId);
  checks.id('returnId', request.returnId);
  checks.id('orderId', request.orderId);
  checks.id('customerId', request.customerId);
  checks.present('reason', request.reason);
  checks.reason('reason', request.reason);
  checks.code('channel', request.channel);
  checks.sealed('note', request.note);
  checkMoney(checks, 'refund', request.refund, currency);
  if (request.orderId !== undefined && request.customerId !== undefined)
    checks.fail('customerId', 'must be left out: the purchase knows its customer');
  if (request.refund === undefined && (request.orderId === undefined || request.lines !== undefined))
    checks.fail('refund', 'is required when lines are named and when there is no order');
  checkReturnedLines(checks, request);
  checks.done();
};

const checkReturnedLines = (checks: FieldChecks, { lines, orderId }: ReturnRequest): void => {
  if (lines === undefined) return;
  if (lines.length === 0 || lines.length > MAX_LINES) checks.fail('lines', `must be 1 to ${MAX_LINES}`);
  for (const [index, line] of lines.entries()) {
    const path = `lines[${index}]`;
    checks.id(`${path}.lineId`, line.lineId);
    checks.id(`${path}.sku`, line.sku);
    if (line.sku === undefined && (line.lineId === undefined || orderId === undefined))
      checks.fail(`${path}.sku`, 'is required');
    checkQuantity(checks, `${path}.quantity`, line.quantity);
  }
};

/** A return without proof of purchase: nothing to hold it against. */
export const returnWithoutOrder = ({ lines, refund, ...facts }: ReturnRequest): Return => ({
  ...facts,
  refund: refund as Return['refund'],
  ...(lines && { lines: linesAsNamed(lines) }),
});

const linesAsNamed = (lines: readonly LineToReturn[]): readonly ReturnedLine[] =>
  lines.map(({ lineId, sku, quantity }, index) => ({
    lineId: lineId ?? String(index + 1),
    sku: sku ?? '',
    quantity: trimmed(quantity),
  }));

/**
 * What a request means for this purchase, or undefined when it asks for all that is left.
 * @throws PerennialError `validation-failed` for a line that the purchase does not have
 */
export const resolved = (request: ReturnRequest, purchase: Purchase): Return | undefined => {
  const { lines, refund, ...facts } = request;
  if (refund === undefined) return undefined;
  if (lines === undefined) return { ...facts, refund };
  return {
    ...facts,
    refund,
    lines: purchase.lines ? resolvedLines(lines, purchase.lines) : linesBySku(lines),
  };
};

const linesBySku = (lines: readonly LineToReturn[]): readonly ReturnedLine[] => {
  const checks = new FieldChecks();
  for (const [index, { sku }] of lines.entries()) {
    if (sku === undefined) checks.fail(`lines[${index}].sku`, 'is required: the lines bought are not known');
  }
  checks.done();
  return linesAsNamed(lines);
};

const resolvedLines = (
  requested: readonly LineToReturn[],
  bought: readonly PurchaseLine[],
): readonly ReturnedLine[] => {
  const checks = new FieldChecks();
  const lines = requested.map(({ lineId, sku, quantity }, index) => {
    const matching = bought.filter(
      (line) => (lineId === undefined || line.lineId === lineId) && (sku === undefined || line.sku === sku),
    );
    const [line] = matching;
    if (matching.length !== 1)
      checks.fail(
        `lines[${index}].${lineId === undefined ? 'sku' : 'lineId'}`,
        line ? 'names several lines of the purchase: give lineId' : 'names no line of the purchase',
      );
    return { lineId: line?.lineId ?? '', sku: line?.sku ?? '', quantity: trimmed(quantity) };
  });
  checks.done();
  return lines;
};

/**
 * Of a purchase whose lines are not known, only the money can be held against it.
 * @throws PerennialError `returned-more-than-bought`, by a line's quantity or in money
 */
export const checkNotMoreThanBought = (
  purchase: Purchase,
  earlier: readonly Return[],
  next: Return,
): void => {
  const left = leftOf(purchase, earlier);
  const asked = new Map<string, Decimal>();
  for (const { lineId, quantity } of purchase.lines ? (next.lines ?? []) : [])
    asked.set(lineId, (asked.get(lineId) ?? new Decimal(0)).plus(quantity));
  for (const [lineId, quantity] of asked) {
    const most = left.lines.find((line) => line.lineId === lineId)?.quantity ?? '0';
    if (quantity.gt(most))
      throw tooMuch('lines', `Of line ${lineId} at most ${most} can still be returned, not ${quantity}.`);
  }
  if (decimal(next.refund).gt(left.money))
    throw tooMuch(
      'refund.amount',
      `At most ${left.money.toFixed()} ${purchase.total.currency} is left to refund.`,
    );
};

/** All that is left of a purchase, as one return. @throws PerennialError `nothing-left-to-return` */
export const returnOfTheRest = (
  { refund: _none, lines: _all, ...facts }: ReturnRequest,
  purchase: Purchase,
  earlier: readonly Return[],
): Return => {
  const left = leftOf(purchase, earlier);
  if (earlier.length > 0 && left.lines.length === 0 && left.money.isZero())
    throw refused('nothing-left-to-return', `All of ${purchase.orderId} was returned already.`);
  return {
    ...facts,
    refund: moneyOf(left.money, purchase.total.currency),
    ...(left.lines.length > 0 && { lines: left.lines }),
    whole: true,
  };
};

const leftOf = (purchase: Purchase, earlier: readonly Return[]) => {
  const returned = new Map<string, Decimal>();
  let money = decimal(purchase.total);
  for (const { lines = [], refund } of earlier) {
    money = money.minus(decimal(refund));
    for (const { lineId, quantity } of lines)
      returned.set(lineId, (returned.get(lineId) ?? new Decimal(0)).plus(quantity));
  }
  const lines = (purchase.lines ?? []).flatMap(({ lineId = '', sku, quantity }): ReturnedLine[] => {
    const rest = new Decimal(quantity).minus(returned.get(lineId) ?? 0);
    return rest.gt(0) ? [{ lineId, sku, quantity: rest.toFixed() }] : [];
  });
  return { lines, money };
};

const tooMuch = (path: string, message: string) =>
  refused('returned-more-than-bought', message, [{ path, reason: message }]);
