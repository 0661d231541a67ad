import type { OpenAPIObject } from '@nestjs/swagger';
import { HttpProblem, problemOf } from '../http/problem.js';
import { problemCodes } from './problem-codes.js';

type Components = NonNullable<OpenAPIObject['components']>;
type Responses = NonNullable<Components['responses']>;
type Reference = { readonly $ref: string };

/** RFC 9457. Not closed: later versions may say more. */
export const problemSchema: NonNullable<Components['schemas']>[string] = {
  type: 'object',
  description: 'RFC 9457 problem details, with a code that stays the same when the words change.',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'urn:perennial:problem:<code>' },
    title: { type: 'string' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'A sentence for people.' },
    code: { type: 'string', description: 'Stable; what programs decide by.' },
    instance: { type: 'string', description: 'The correlation id, by which the logs are searched.' },
    errors: {
      type: 'array',
      description: 'Every field that is wrong, at most 100.',
      items: {
        type: 'object',
        required: ['path', 'reason'],
        properties: {
          path: { type: 'string', examples: ['lines[0].unitPrice.amount'] },
          reason: { type: 'string', examples: ['is missing'] },
        },
      },
    },
  },
};

const headersOf: Readonly<Record<number, string>> = {
  401: 'WWW-Authenticate',
  405: 'Allow',
  503: 'Retry-After',
};

/** One response for each status, shared by all routes. */
export const problemResponses: Responses = Object.fromEntries(
  Object.entries(problemCodes).map(([status, codes]) => [
    nameOf(Number(status)),
    {
      description: Object.entries(codes)
        .map(([code, meaning]) => `- \`${code}\`: ${meaning}`)
        .join('\n'),
      headers: headersFor(Number(status)),
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: examplesOf(Number(status)),
        },
      },
    },
  ]),
);

function headersFor(status: number): Record<string, Reference> {
  const names = ['X-Correlation-Id', ...(headersOf[status] ? [headersOf[status]] : [])];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function examplesOf(status: number): Record<string, { value: object }> {
  const [first] = Object.entries(problemCodes[status] ?? {});
  if (!first) return {};
  const [code, detail] = first;
  const problem = problemOf(new HttpProblem(status, code, detail), '5f3a8c1e-0b7d-4c55-9a55-0d6f6c1c8a11');
  const errors = [{ path: 'lines[0].unitPrice.amount', reason: 'is missing' }];
  return { [code]: { value: status === 422 ? { ...problem, errors } : problem } };
}

function nameOf(status: number): string {
  return `Problem${status}`;
}

const READING = [400, 401, 404, 405, 409, 410, 422, 503];
const WRITING = [400, 401, 404, 405, 409, 410, 412, 413, 415, 422, 503];

/** Which failures a route may answer with. */
export const problemsFor = (method: string): Record<string, Reference> =>
  Object.fromEntries(
    (method === 'get' ? READING : WRITING).map((status) => [
      String(status),
      { $ref: `#/components/responses/${nameOf(status)}` },
    ]),
  );
