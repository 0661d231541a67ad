import { HttpException } from '@nestjs/common';
import { type ErrorKind, type FieldProblem, PerennialError } from '#eventing/errors';

/** RFC 9457, with a code that stays the same when the words change. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  /** The correlation id, by which the logs are searched. */
  readonly instance?: string;
  readonly errors?: readonly FieldProblem[];
}

/** What only exists between HTTP and us: a header that is wrong, a body that is no JSON. */
export class HttpProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail);
    this.name = 'HttpProblem';
  }
}

/**
 * 422 for content that is wrong in itself, 400 only for what is not even JSON or HTTP. What the state does not
 * allow is 409, like an id used twice: in both cases the request was right and the resource says no.
 */
const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 422,
  refused: 409,
  conflict: 409,
  'precondition-failed': 412,
  'not-found': 404,
  gone: 410,
  unavailable: 503,
};

/** Codes of what Nest and Fastify refuse before any of our code runs. */
const HTTP_CODES: Readonly<Record<number, string>> = {
  400: 'malformed-request',
  401: 'unauthorised',
  404: 'no-such-resource',
  405: 'method-not-allowed',
  408: 'request-too-slow',
  413: 'body-too-large',
  414: 'path-too-long',
  415: 'unsupported-media-type',
  431: 'headers-too-large',
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Malformed request',
  401: 'Unauthorised',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request too slow',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition failed',
  413: 'Too large',
  414: 'Path too long',
  415: 'Unsupported media type',
  422: 'Validation failed',
  431: 'Headers too large',
  500: 'Internal error',
  503: 'Unavailable',
};

const RETRY_SECONDS = '1';
/** Messages of Fastify's quote what they refuse. */
const MAX_DETAIL = 200;

/** The one place that knows how each failure is answered. */
export const problemOf = (error: unknown, instance?: string): Problem => {
  if (error instanceof PerennialError)
    return problem(STATUS[error.kind], error.code, error.message, instance, error.fields);
  if (error instanceof HttpProblem) return problem(error.status, error.code, error.message, instance);
  const status = statusOf(error);
  if (status === undefined)
    return problem(
      500,
      'internal-error',
      'Something failed here; it was logged under the instance.',
      instance,
    );
  return problem(
    status,
    HTTP_CODES[status] ?? 'malformed-request',
    (error as Error).message.slice(0, MAX_DETAIL),
    instance,
  );
};

/** What was not begun, because the process is to end. */
export const shuttingDown = (): PerennialError =>
  new PerennialError('unavailable', 'shutting-down', 'This server is shutting down. Send it again.');

export const headersOf = (error: unknown): Readonly<Record<string, string>> => {
  if (error instanceof HttpProblem) return error.headers;
  if (error instanceof PerennialError && error.kind === 'unavailable')
    return { 'retry-after': RETRY_SECONDS };
  return {};
};

/** Whether it is our fault, and belongs in the log with its stack. */
export const isUnknown = (error: unknown): boolean => problemOf(error).status === 500;

const problem = (
  status: number,
  code: string,
  detail: string,
  instance?: string,
  errors: readonly FieldProblem[] = [],
): Problem => ({
  type: `urn:perennial:problem:${code}`,
  title: TITLES[status] ?? 'Error',
  status,
  detail,
  code,
  ...(instance !== undefined && { instance }),
  ...(errors.length > 0 && { errors }),
});

/** The status of an error of Nest's or Fastify's that the caller caused. */
const statusOf = (error: unknown): number | undefined => {
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
};
