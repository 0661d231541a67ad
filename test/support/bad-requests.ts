import fc from 'fast-check';

/** A route as the document of the API names it. */
export interface Operation {
  readonly method: string;
  /** `/v1/customers/{customerId}` */
  readonly template: string;
  /** A body that is accepted; undefined for routes that take none. */
  readonly example?: Readonly<Record<string, unknown>>;
}

export interface BadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

const LONG = 'x'.repeat(30_000);

/** JSON as text, because not all that a caller can write can be made by JSON.stringify. */
const junkJson = fc.oneof(
  fc.constantFrom(
    'null',
    '0',
    '-0',
    '1e400',
    '-1e400',
    '9007199254740993',
    '1.7976931348623157e308',
    '0.1',
    'true',
    '""',
    '" "',
    '[]',
    '{}',
    '[[]]',
    '[null]',
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\uffff"',
    '"\\u202e"',
    '"sealed.1.k.1.fp.cipher"',
    '"__proto__"',
    '"constructor"',
    '"2024-02-30"',
    '"2099-01-01T00:00:00Z"',
    '"0000-00-00"',
    '"+275760-09-13T00:00:00Z"',
    '"1e5"',
    '"-1"',
    '"NaN"',
    '"a@example.com"',
    '"+49 89 1234567"',
    '"\'; DROP TABLE events; --"',
    '{"__proto__":{"status":"admin"}}',
    '{"constructor":{"prototype":{"status":1}}}',
    '{"toString":1}',
    '{"length":-1}',
    '{"amount":"1","currency":"EUR","currency":"XXX"}',
    `"${LONG}"`,
    `[${'1,'.repeat(2_000)}1]`,
    '['.repeat(500) + ']'.repeat(500),
    `${'{"a":'.repeat(500)}1${'}'.repeat(500)}`,
  ),
  fc.json({ maxDepth: 3 }),
  fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
);

/** What is no JSON at all, or not even text. */
const junkBytes = fc.oneof(
  fc.constantFrom(
    Buffer.from('{'),
    Buffer.from('{"a":1'),
    Buffer.from("{'a':1}"),
    Buffer.from('{"a":1}}'),
    Buffer.from('\ufeff{}'),
    Buffer.from('undefined'),
    Buffer.from('NaN'),
    Buffer.from([0]),
    Buffer.from([0xff, 0xfe, 0x7b, 0]),
    Buffer.from('{"name":"\xc3\x28"}', 'latin1'),
    Buffer.from('{"name":"\xed\xa0\x80"}', 'latin1'),
    Buffer.from('{"name":"\xf5\x80\x80\x80"}', 'latin1'),
    Buffer.from('['.repeat(100_000)),
    Buffer.from('{"a":'.repeat(50_000)),
  ),
  fc.uint8Array({ minLength: 1, maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
);

/** Where a value stands in an example: `['lines', 0, 'sku']`. */
type Place = readonly (string | number)[];

const placesIn = (value: unknown, at: Place = []): Place[] =>
  typeof value === 'object' && value !== null
    ? [at, ...Object.entries(value).flatMap(([key, item]) => placesIn(item, [...at, key]))]
    : [at];

const RAW = '@raw@';

/** The example with the value at a place exchanged, as text. */
const exchanged = (value: unknown, place: Place, text: string): string => {
  const put = (at: unknown, [key, ...rest]: Place): unknown => {
    if (key === undefined) return RAW;
    const copy = Array.isArray(at) ? [...at] : { ...(at as object) };
    (copy as Record<string, unknown>)[key] = put((at as Record<string, unknown>)[key], rest);
    return copy;
  };
  return JSON.stringify(put(value, place)).replace(`"${RAW}"`, () => text);
};

const withoutField = (example: object, field: string): string =>
  JSON.stringify(Object.fromEntries(Object.entries(example).filter(([name]) => name !== field)));

const fieldNames = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'campaign',
    'survivor',
    'id',
    'metadata',
    '',
    ' ',
    LONG,
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

const brokenExample = (example: object): fc.Arbitrary<string> =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...placesIn(example)), junkJson)
        .map(([place, text]) => exchanged(example, place, text)),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fieldNames, junkJson)
        .map(([name, text]) => `${JSON.stringify(example).slice(0, -1)},${JSON.stringify(name)}:${text}}`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...Object.keys(example)).map((field) => withoutField(example, field)),
    },
  );

const bodyFor = ({ example }: Operation): fc.Arbitrary<Buffer> =>
  fc.oneof(
    { weight: 8, arbitrary: (example ? brokenExample(example) : junkJson).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: junkJson.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: junkBytes },
  );

const pathPart = (known: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constant(encodeURIComponent(known)) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'nobody',
        '%zz',
        '%',
        '%00',
        '%ff',
        '%ED%A0%80',
        '%2e%2e%2f',
        '..',
        '__proto__',
        'a%40example.com',
        '%20',
        '%0d%0aX-Injected:1',
        'x'.repeat(201),
        'x'.repeat(5_000),
        '\'or"1"=1',
        ';',
        '*',
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .string({ unit: 'binary', minLength: 1 })
        .map((text) => encodeURIComponent(text.replace(/\p{Cs}/gu, '?'))),
    },
  );

const QUERIES = [
  '',
  '',
  '',
  '?',
  '?email=',
  '?email=a&email=b',
  '?phone=%00',
  '?phone=x&email=y',
  '?limit=-1',
  '?limit=1e9',
  '?before=x',
  '?before=1&before=2',
  '?__proto__=1',
  '?a[b]=c',
  '?%zz',
  `?email=${'x'.repeat(500)}`,
  '?dryRun=maybe',
];

/** Which field of a body names the thing that a path such as `/v1/complaints/{id}` leads to. */
const ID_FIELDS: Readonly<Record<string, string>> = {
  customers: 'customerId',
  interactions: 'interactionId',
  purchases: 'orderId',
  returns: 'returnId',
  complaints: 'complaintId',
  'service-failures': 'serviceFailureId',
  campaigns: 'campaignId',
};

const pathFor = ({ template, example = {} }: Operation): fc.Arbitrary<string> => {
  const names = template.split('/').slice(1);
  const parts = names.map((part, i) => {
    if (!part.startsWith('{')) return fc.constant(part);
    const field = ID_FIELDS[names[i - 1] as string] as string;
    return pathPart(String(example[field] ?? 'c-1001'));
  });
  return fc
    .tuple(fc.tuple(...parts), fc.constantFrom(...QUERIES))
    .map(([found, query]) => `/${found.join('/')}${query}`);
};

const headerText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '"',
    '-1',
    '1.5',
    '99999999999999999999',
    'W/"0"',
    '*',
    '"1", "2"',
    'a@example.com',
    'wait=',
    'wait=-5',
    'wait=1e9',
    'é'.repeat(300),
    'x'.repeat(3_000),
    'null',
    '[object Object]',
  ),
  fc.string({ maxLength: 40 }).map((text) => text.replace(/[^\x20-\x7e]/g, '')),
);

const JSON_TYPE = { 'content-type': 'application/json' };

const headersFor = fc.oneof(
  { weight: 12, arbitrary: fc.constant(JSON_TYPE) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          'idempotency-key',
          'if-match',
          'prefer',
          'x-correlation-id',
          'traceparent',
          'authorization',
          'x-api-key',
          'accept',
        ),
        headerText,
      )
      .map(([name, text]) => ({ ...JSON_TYPE, [name]: text })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        '',
        'text/plain',
        'application/xml',
        'application/x-ndjson',
        'application/json; charset=utf-16',
        'multipart/form-data',
        'nonsense',
        'application/x-www-form-urlencoded',
        '*/*',
      )
      .map((type): Record<string, string> => ({ 'content-type': type })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('gzip', 'br', 'identity', 'chunked')
      .map((encoding) => ({ ...JSON_TYPE, 'content-encoding': encoding })),
  },
);

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];

/** Requests on all routes that nearly all are wrong: in their body, path, headers or method. */
export const badRequests = (operations: readonly Operation[]): fc.Arbitrary<BadRequest> =>
  fc
    .constantFrom(...operations)
    .chain((operation) =>
      fc
        .tuple(
          fc.oneof(
            { weight: 19, arbitrary: fc.constant(operation.method) },
            { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
          ),
          pathFor(operation),
          headersFor,
          bodyFor(operation),
        )
        .map(([method, path, headers, body]) =>
          method === 'GET' || method === 'HEAD'
            ? { method, path, headers: {} }
            : { method, path, headers, body },
        ),
    );

/** A line of a batch; without id where it is too wrong to have one. */
export interface BadLine {
  readonly id: string | undefined;
  readonly text: Buffer;
}

const ONE_LINE = /[\n\r]/g;

/** Lines that nearly all are wrong, each command with an id of its own. */
export const badLines = (examples: Readonly<Record<string, object>>): fc.Arbitrary<BadLine> =>
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.constantFrom(...Object.entries(examples)).chain(([type, example]) =>
        fc.tuple(brokenExample(example), fc.uuid()).map(([data, id]) => ({
          id,
          text: Buffer.from(`{"type":"${type}","id":"${id}","data":${data}}`),
        })),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(junkJson, fc.uuid()).map(([type, id]) => ({
        id,
        text: Buffer.from(`{"type":${type},"id":"${id}","data":{}}`),
      })),
    },
    {
      weight: 1,
      arbitrary: junkBytes
        .map((bytes) => Buffer.from(bytes.toString('latin1').replace(ONE_LINE, '.'), 'latin1'))
        .filter((text) => text.toString('latin1').trim() !== '')
        .map((text) => ({ id: undefined, text })),
    },
  );
