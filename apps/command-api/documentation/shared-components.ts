import type { OpenAPIObject } from '@nestjs/swagger';
import { MAX_ID_LENGTH } from '#eventing/ids';
import { MAX_WAIT_SECONDS } from '../http/preferences.js';
import { problemResponses, problemSchema } from './problem-responses.js';

type Components = NonNullable<OpenAPIObject['components']>;

const text = (example: string) => ({ type: 'string', examples: [example] });

const headers = {
  ETag: { description: 'The revision of the stream, for If-Match.', schema: text('"0"') },
  Location: { description: 'Where the new thing can be read.', schema: text('/v1/customers/c-1001') },
  'X-Correlation-Id': {
    description: 'Under which the request is logged, and which all events carry that come of it.',
    schema: text('5f3a8c1e-0b7d-4c55-9a55-0d6f6c1c8a11'),
  },
  'Preference-Applied': { description: 'How long was waited for at most.', schema: text('wait=5') },
  'Retry-After': { description: 'Seconds after which to send the same again.', schema: text('1') },
  Allow: { description: 'The methods that the path takes.', schema: text('POST') },
  'WWW-Authenticate': { description: 'How to show a key.', schema: text('Bearer realm="perennial"') },
};

const header = (name: string, description: string, schema: object) => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
});

const parameters = {
  IdempotencyKey: header(
    'Idempotency-Key',
    'The id of the command: sent again with the same key it takes effect once, and is answered as the first time.',
    { type: 'string', maxLength: MAX_ID_LENGTH, examples: ['2f6c1d0e-6a3b-4f7e-8f0c-3a1f5f7b9c21'] },
  ),
  IfMatch: header(
    'If-Match',
    'The ETag of an earlier answer: the command is refused with 412 when the stream has another revision.',
    { type: 'string', pattern: '^"?\\d{1,15}"?$', examples: ['"0"'] },
  ),
  Prefer: header(
    'Prefer',
    `wait=N: answer once the warehouse shows the event, after N seconds (at most ${MAX_WAIT_SECONDS}) at the latest; ` +
      'the answer says whether it is `visible`.',
    { type: 'string', examples: ['wait=5'] },
  ),
  CorrelationId: header(
    'X-Correlation-Id',
    'An id of yours under which the request can be followed; made here when left out or not of this form.',
    { type: 'string', pattern: '^[A-Za-z0-9._:-]{1,100}$', examples: ['checkout-81723'] },
  ),
  Traceparent: header('traceparent', 'W3C Trace Context; passed on to the events.', {
    type: 'string',
    examples: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  }),
};

const position = {
  type: 'integer',
  minimum: 0,
  description: 'Place of the last event in the order of all events.',
};

const schemas = {
  Problem: problemSchema,
  CommandAnswer: {
    type: 'object',
    description: 'What came of a command, with every id that it names, also those made by the server.',
    required: ['status', 'stream', 'revision', 'position'],
    properties: {
      status: {
        type: 'string',
        enum: ['accepted', 'repeated'],
        description: 'repeated: it was there already; nothing was changed.',
      },
      stream: { type: 'string', description: 'The stream whose event it is.' },
      revision: {
        type: 'integer',
        minimum: 0,
        description: 'Of the last event in the stream; also the ETag.',
      },
      position,
      visible: { type: 'boolean', description: 'With Prefer: wait=N: whether the warehouse shows it.' },
    },
    additionalProperties: { type: 'string' },
  },
};

export const securitySchemes: NonNullable<Components['securitySchemes']> = {
  bearer: { type: 'http', scheme: 'bearer', description: 'Authorization: Bearer <API key>' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
};

/** What many routes refer to. */
export const sharedComponents = {
  headers,
  parameters,
  schemas,
  responses: problemResponses,
  securitySchemes,
} as unknown as Required<
  Pick<Components, 'headers' | 'parameters' | 'schemas' | 'responses' | 'securitySchemes'>
>;
