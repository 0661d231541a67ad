import type { FieldChecks } from '../field-checks.js';
import type { AttributeValue } from './customer-types.js';

const MAX_TEXT = 60;

type Rule = (value: AttributeValue) => string | undefined;

/** A word or two of the company's own vocabulary. */
const text: Rule = (value) =>
  typeof value === 'string' &&
  value.length <= MAX_TEXT &&
  /^[\p{L}\p{N}][\p{L}\p{N} .,:;/&'()%<>+_-]*$/u.test(value)
    ? undefined
    : `must be a short text of at most ${MAX_TEXT} characters`;

const matching =
  (pattern: RegExp, meaning: string): Rule =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? undefined : `must be ${meaning}`;

const wholeNumber =
  (min: number, max: number): Rule =>
  (value) =>
    Number.isInteger(value) && Number(value) >= min && Number(value) <= max
      ? undefined
      : `must be a whole number from ${min} to ${max}`;

const yesOrNo: Rule = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');

const decimalText = matching(/^(0|[1-9]\d{0,13})(\.\d{1,4})?$/, 'a decimal string of at least 0');

/**
 * What may be known of a customer in the clear, because analyses group by it and it names nobody by itself: a year of
 * birth, no date; an area, no address. Everything else about a person is sealed.
 */
const RULES: Readonly<Record<string, Rule>> = {
  segment: text,
  subsegment: text,
  loyaltyTier: text,
  language: matching(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'a language tag like de or de-CH'),
  country: matching(/^[A-Z]{2}$/, 'a country code like DE (ISO 3166)'),
  region: text,
  postalArea: matching(/^[A-Z0-9]{1,4}$/, 'the first 1 to 4 characters of the postal code'),
  urbanity: text,
  timeZone: matching(/^[A-Za-z_]+(\/[A-Za-z_+-]+){0,2}$/, 'a time zone like Europe/Berlin'),
  birthYear: wholeNumber(1850, 2100),
  ageBand: text,
  gender: text,
  householdSize: wholeNumber(1, 100),
  incomeBand: text,
  occupation: text,
  industry: text,
  companySize: text,
  foundedYear: wholeNumber(1000, 2100),
  preferredChannel: text,
  contractType: text,
  creditBand: text,
  newCustomer: yesOrNo,
  emailConsent: yesOrNo,
  phoneConsent: yesOrNo,
  postConsent: yesOrNo,
  acquisitionCost: decimalText,
  acquisitionCurrency: matching(/^[A-Z]{3}$/, 'a currency code like EUR (ISO 4217)'),
};

/** The keys that are allowed, for documentation. */
export const attributeKeys: readonly string[] = Object.keys(RULES);

/** What is wrong with an attribute; undefined when nothing is. */
export const attributeProblem = (key: string, value: unknown): string | undefined => {
  const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
  return rule ? rule(value as AttributeValue) : `is not one of: ${attributeKeys.join(', ')}`;
};

/** A null takes an attribute away; only changes may hold it. */
export const checkAttributes = (
  checks: FieldChecks,
  attributes: Readonly<Record<string, AttributeValue | null>> | undefined,
): void => {
  for (const [key, value] of Object.entries(attributes ?? {})) {
    const problem = value === null && Object.hasOwn(RULES, key) ? undefined : attributeProblem(key, value);
    if (problem) checks.fail(`attributes.${key}`, problem);
  }
};

/** As a file of text gives it; what cannot be read as the kind of its key stays text, to be refused by its rule. */
export const attributeFromText = (key: string, value: string): AttributeValue => {
  const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
  if (rule === yesOrNo && /^(true|yes|1)$/i.test(value)) return true;
  if (rule === yesOrNo && /^(false|no|0)$/i.test(value)) return false;
  return /^\d{1,9}$/.test(value) && rule !== undefined && rule(Number(value)) === undefined
    ? Number(value)
    : value;
};
