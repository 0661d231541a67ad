/** Fields that may hold a secret or something of a person, in lower case without separators. */
const SENSITIVE = new Set(
  `name firstname lastname fullname email phone telephone mobile address street city postalcode birthdate
   text description note notes comment message subject body data payload
   authorization cookie setcookie apikey xapikey key masterkey password secret token`.split(/\s+/),
);

const DEEPEST = 6;

/** A copy that may be logged: sensitive fields are blotted out at any depth, addresses lose their query. */
export const redacted = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, redactedField(name, value, 1)]));

const redactedField = (name: string, value: unknown, depth: number): unknown => {
  if (value === undefined || value === null) return value;
  if (SENSITIVE.has(name.toLowerCase().replace(/[-_]/g, ''))) return '[redacted]';
  if (value instanceof Error) return redactedError(value, depth);
  if (typeof value === 'string') return name === 'url' ? value.split('?')[0] : value;
  if (typeof value !== 'object' || 'toJSON' in value) return value;
  if (depth === DEEPEST) return '[deeper]';
  if (Array.isArray(value)) return value.map((item) => redactedField('', item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([inner, item]) => [inner, redactedField(inner, item, depth + 1)]),
  );
};

/** What an error says of itself; whatever else hangs on it may hold the request that caused it. */
const redactedError = (error: Error, depth: number): Record<string, unknown> => ({
  type: error.name,
  reason: error.message,
  ...('code' in error && { code: error.code }),
  stack: error.stack,
  ...(error.cause instanceof Error && depth < DEEPEST && { cause: redactedError(error.cause, depth + 1) }),
});

const ESCAPE = /(?:\\(?:u[0-9a-f]{4}|.))?/;
const EMAIL = /[^\s@"\\/:=<>()[\],;]+@[^\s@"\\/:=<>()[\],;]+\.[^\s@"\\/:=<>()[\],;]+/;
/** An escape right before an address must stay whole, or the line is JSON no longer. */
const EMAIL_IN_JSON = new RegExp(`(${ESCAPE.source})${EMAIL.source}`, 'g');

/** The last safeguard, for texts that were made elsewhere; takes a line of JSON and leaves it one. */
export const withoutEmails = (line: string): string => line.replace(EMAIL_IN_JSON, '$1[e-mail]');
