import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { HttpProblem } from './problem.js';

export const NDJSON_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];
/** The one route that reads lines; everywhere else nobody would read them. */
const LINES_ROUTE = '/v1/commands';

/** Bodies are JSON, or lines of JSON that are read as they come. Everything else is refused. */
export const registerBodies = (fastify: FastifyInstance, bodyLimit: number): void => {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit }, (_request, body, done) =>
    done(null, body),
  );
  fastify.addContentTypeParser(NDJSON_TYPES, (_request, payload, done) => done(null, payload));
  fastify.addHook('preParsing', (request, _reply, payload, done) => {
    const encoding = request.headers['content-encoding'];
    if (encoding === undefined || encoding === 'identity') done(null, payload);
    else done(new HttpProblem(415, 'unsupported-content-encoding', 'Bodies are not to be compressed.'));
  });
  // Not in the parser above: when that fails, Fastify closes the connection.
  fastify.addHook('preValidation', (request, _reply, done) => {
    if (!Buffer.isBuffer(request.body)) {
      const unreadable = isStream(request.body) && request.routeOptions.url !== LINES_ROUTE;
      return unreadable ? done(new HttpProblem(415, 'unsupported-media-type', ONE_OBJECT)) : done();
    }
    try {
      request.body = request.body.length === 0 ? undefined : parseJson(request.body);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
};

const ONE_OBJECT = `Only ${LINES_ROUTE} takes lines: send one object as application/json.`;

const isStream = (body: unknown): boolean => typeof (body as { pipe?: unknown } | null)?.pipe === 'function';

/** @throws HttpProblem 400, which says where, but quotes nothing: a body may hold personal data */
export const parseJson = (bytes: Buffer): unknown => {
  if (!isUtf8(bytes)) throw malformed('It is not UTF-8.');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const place = /at position \d+( \(line \d+ column \d+\))?/.exec((error as Error).message)?.[0];
    throw malformed(place ? `It is not JSON ${place}.` : 'It is not JSON.');
  }
};

const malformed = (reason: string): HttpProblem => new HttpProblem(400, 'malformed-json', reason);
