import { Decimal as AnyDecimal } from 'decimal.js';
import type { FieldChecks } from './field-checks.js';

/** An amount as a decimal string in the currency's own scale or less, and its ISO 4217 code. */
export interface Money {
  readonly amount: string;
  readonly currency: string;
}

/** Wide enough that a sum of many amounts times quantities is never rounded. */
export const Decimal = AnyDecimal.clone({ precision: 80, toExpNeg: -40, toExpPos: 80 });
export type Decimal = AnyDecimal;

const DEFAULT_SCALE = 2;
/**
 * ISO 4217 where it is not 2. Not taken from Intl, which gives the digits that are customary (HUF 0, ISO says 2)
 * and changes with its version: what was accepted once must stay acceptable.
 */
const SCALES: Readonly<Record<string, number>> = {
  ...scale(0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'),
  ...scale(3, 'BHD IQD JOD KWD LYD OMR TND'),
  ...scale(4, 'CLF UYW'),
};

function scale(digits: number, codes: string): Record<string, number> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, digits]));
}

const CURRENCIES = new Map(
  [...Intl.supportedValuesOf('currency'), ...Object.keys(SCALES)].map((code) => [
    code,
    SCALES[code] ?? DEFAULT_SCALE,
  ]),
);

/** Digits after the point in which amounts of a currency are kept; undefined for a currency that is none. */
export const currencyScale = (currency: string): number | undefined => CURRENCIES.get(currency);

/** At most 14 digits before the point, so that with 4 behind it the warehouse holds an amount in 64 bits. */
const AMOUNTS = [0, 1, 2, 3, 4].map(
  (digits) => new RegExp(`^(?:0|[1-9][0-9]{0,13})${digits ? `(?:\\.[0-9]{1,${digits}})?` : ''}$`),
);

/** Whether a text is an amount of some currency; `checkMoney` knows of which. */
export const isAmount = (value: unknown): boolean =>
  typeof value === 'string' && (AMOUNTS.at(-1) as RegExp).test(value);

/** @param currency the one currency of the whole fact, where it has one */
export const checkMoney = (
  checks: FieldChecks,
  path: string,
  money: Money | undefined,
  currency?: string,
): void => {
  if (money === undefined) return;
  if (typeof money !== 'object' || money === null) {
    checks.fail(path, 'must have an amount and a currency');
    return;
  }
  const { amount, currency: own } = money;
  const digits = currencyScale(own);
  if (digits === undefined) checks.fail(`${path}.currency`, 'must be an ISO 4217 code, for instance EUR');
  else if (currency !== undefined && own !== currency)
    checks.fail(`${path}.currency`, `must be ${currency} like the total`);
  if (typeof amount !== 'string' || !(AMOUNTS[digits ?? 4] as RegExp).test(amount))
    checks.fail(
      `${path}.amount`,
      `must be a decimal string of at least 0 with at most ${digits ?? 4} digits after the point`,
    );
};

/** For amounts that were checked; a missing one counts as 0. */
export const decimal = (money: Money | undefined): Decimal => new Decimal(money?.amount ?? 0);

/** In the full scale of its currency: `12.30`. */
export const moneyOf = (amount: Decimal, currency: string): Money => ({
  amount: amount.toFixed(currencyScale(currency) ?? DEFAULT_SCALE),
  currency,
});

/** The smallest amount of a currency that can be paid. */
export const minorUnit = (currency: string): Decimal =>
  new Decimal(10).pow(-(currencyScale(currency) ?? DEFAULT_SCALE));
