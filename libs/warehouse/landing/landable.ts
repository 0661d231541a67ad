/** The largest line that is landed; an event store refuses far smaller events. */
export const MAX_LINE_LENGTH = 1024 * 1024;

type Check = (value: unknown) => boolean;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const INSTANT = /^(?:19|2[0-2])\d\d-(?:0[1-9]|1[0-2])-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;
const DATE = /^(?:19|2[0-2])\d\d-(?:0[1-9]|1[0-2])-\d\d$/;

const ESCAPED_SURROGATE = /\\u[dD]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

const upTo =
  (most: number): Check =>
  (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most;
const safeInteger = upTo(Number.MAX_SAFE_INTEGER);
const text: Check = (value) => typeof value === 'string';
const uuid: Check = (value) => text(value) && UUID.test(value as string);
const instant: Check = (value) => text(value) && INSTANT.test(value as string) && isDay(value as string);
const date: Check = (value) => text(value) && DATE.test(value as string) && isDay(value as string);
const json: Check = (value) =>
  text(value) ? parsed(value as string) !== undefined : typeof value === 'object' && !Array.isArray(value);

/** The engine would take the 30th of February for a day in March, or refuse it, depending on the column. */
const isDay = (value: string): boolean => {
  const day = Number(value.slice(8, 10));
  return day >= 1 && (day <= 28 || day <= daysInMonth(Number(value.slice(0, 4)), Number(value.slice(5, 7))));
};

const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** The columns of crm.events that a line must give, and what is said of one that does not fit. */
const FIELDS: readonly (readonly [name: string, check: Check, must: string])[] = [
  ['position', safeInteger, 'a non-negative integer'],
  ['event_id', uuid, 'a UUID'],
  ['stream', text, 'a string'],
  ['revision', safeInteger, 'a non-negative integer'],
  ['type', text, 'a string'],
  ['schema_version', upTo(65_535), 'an integer from 0 to 65535'],
  ['customer_id', text, 'a string'],
  ['occurred_at', instant, 'an instant in UTC between 1900 and 2299'],
  ['business_date', date, 'a date between 1900 and 2299'],
  ['recorded_at', instant, 'an instant in UTC between 1900 and 2299'],
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

/** The row of crm.events: partition and offset spliced into the line as text. */
export const landedLine = (partition: number, offset: number, line: string): string =>
  `{"partition":${partition},"offset":${offset},${line.slice(1)}\n`;
