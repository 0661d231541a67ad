import type { IncomingHttpHeaders } from 'node:http';
import { idProblem } from '#eventing/ids';
import { HttpProblem } from './problem.js';

/** The longest that an answer is held back for the warehouse, in seconds. */
export const MAX_WAIT_SECONDS = 30;

/** The command's id; undefined when the caller leaves it to us. */
export const idempotencyKey = (headers: IncomingHttpHeaders): string | undefined => {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  const problem = typeof key === 'string' ? idProblem(key) : 'must be given once';
  if (problem) throw new HttpProblem(400, 'invalid-idempotency-key', `The Idempotency-Key ${problem}.`);
  return key as string;
};

/** The revision that the caller expects, as the ETag of an earlier answer said it. */
export const expectedRevision = (headers: IncomingHttpHeaders): number | undefined => {
  const value = headers['if-match'];
  if (value === undefined) return undefined;
  const revision = Number(/^"?(\d{1,15})"?$/.exec(value)?.[1]);
  if (Number.isNaN(revision))
    throw new HttpProblem(400, 'invalid-if-match', 'If-Match takes one ETag of an earlier answer, like "3".');
  return revision;
};

/** How long the caller is ready to wait for the warehouse, in seconds; RFC 7240: what is not understood is ignored. */
export const preferredWait = (headers: IncomingHttpHeaders): number | undefined => {
  const { prefer } = headers;
  if (typeof prefer !== 'string') return undefined;
  for (const preference of prefer.split(/[,;]/)) {
    const seconds = /^\s*wait\s*=\s*"?(\d+)"?\s*$/i.exec(preference)?.[1];
    if (seconds !== undefined) return Math.min(Number(seconds), MAX_WAIT_SECONDS);
  }
  return undefined;
};
