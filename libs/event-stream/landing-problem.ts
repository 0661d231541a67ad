/** The largest line that is landed; an event store refuses far smaller events. */
export const MAX_LINE_LENGTH = 1024 * 1024;

type Check = (value: unknown) => boolean;

const matching =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value);

const LEAP_YEAR = '(?:(?:19|2[12])(?:0[48]|[2468][048]|[13579][26])|20(?:[02468][048]|[13579][26]))';
/** From 1900 to 2299, what the columns hold; the engine would take the 30th of February for a day in March. */
const DAY =
  '(?:(?:19|2[0-2])\\d\\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|' +
  `02-(?:0[1-9]|1\\d|2[0-8]))|${LEAP_YEAR}-02-29)`;

export const isUuid = matching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);
export const isDate = matching(new RegExp(`^${DAY}$`));
export const isInstant = matching(
  new RegExp(`^${DAY}T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?Z$`),
);

const ESCAPED_SURROGATE = /\\u[dD]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

const upTo =
  (most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
const safeInteger = upTo(Number.MAX_SAFE_INTEGER);
const text: Check = (value) => typeof value === 'string';
const json: Check = (value) =>
  text(value) ? parsed(value as string) !== undefined : typeof value === 'object' && !Array.isArray(value);

/** The columns of crm.events that a line must give, and what is said of one that does not fit. */
const FIELDS: readonly (readonly [name: string, check: Check, must: string])[] = [
  ['position', safeInteger, 'a non-negative integer'],
  ['event_id', isUuid, 'a UUID'],
  ['stream', text, 'a string'],
  ['revision', safeInteger, 'a non-negative integer'],
  ['type', text, 'a string'],
  ['schema_version', upTo(65_535), 'an integer from 0 to 65535'],
  ['customer_id', text, 'a string'],
  ['occurred_at', isInstant, 'an instant in UTC between 1900 and 2299'],
  ['business_date', isDate, 'a date between 1900 and 2299'],
  ['recorded_at', isInstant, 'an instant in UTC between 1900 and 2299'],
  ['actor', text, 'a string'],
  ['command_id', text, 'a string'],
  ['correlation_id', text, 'a string'],
  ['causation_id', text, 'a string'],
  ['data', json, 'an object, or JSON in a string'],
];

/** Why a line of the stream cannot become a row of crm.events; undefined when it can. */
export const landingProblem = (line: string): string | undefined => {
  if (line.length > MAX_LINE_LENGTH)
    return `has ${line.length} characters, more than the ${MAX_LINE_LENGTH} that are landed`;
  // The first brace is where partition and offset are put in.
  const event = line.startsWith('{') && !line.includes('\n') ? parsed(line) : undefined;
  if (event === undefined) return 'is not one line of JSON';
  for (const [name, check, must] of FIELDS) {
    if (!check(event[name])) return name in event ? `${name} must be ${must}` : `${name} is missing`;
  }
  if ('partition' in event || 'offset' in event) return 'gives partition or offset itself';
  // Looked for in the line first: hardly any has such an escape.
  if (ESCAPED_SURROGATE.test(line)) {
    const broken = FIELDS.find(([name]) => text(event[name]) && LONE_SURROGATE.test(event[name] as string));
    if (broken) return `${broken[0]} contains half a character`;
  }
  return undefined;
};

/** Undefined for what is not JSON. */
const parsed = (json: string): Record<string, unknown> | undefined => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};
