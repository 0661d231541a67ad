import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Who sends a request, and the names under which it is followed through all parts. */
export interface Caller {
  readonly actor: string;
  readonly correlationId: string;
  readonly traceparent?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Missing only when a request fails before it is looked at. */
    caller?: Caller;
  }
}

const CORRELATION_ID = /^[A-Za-z0-9._:-]{1,100}$/;
/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

export const callerOf = (actor: string, headers: IncomingHttpHeaders): Caller => {
  const correlationId = headers['x-correlation-id'];
  const { traceparent } = headers;
  return {
    actor,
    correlationId:
      typeof correlationId === 'string' && CORRELATION_ID.test(correlationId) ? correlationId : randomUUID(),
    // A malformed one is to be ignored, says the standard.
    ...(typeof traceparent === 'string' && TRACEPARENT.test(traceparent) && { traceparent }),
  };
};
