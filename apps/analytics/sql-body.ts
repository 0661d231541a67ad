import type { FastifyInstance } from 'fastify';

/** The longest query that is read. */
const MAX_QUERY_BYTES = 256 * 1024;

/** Queries come as plain text, like on ClickHouse's own interface. */
export const registerSqlBodies = (fastify: FastifyInstance): void => {
  fastify.addContentTypeParser(
    'text/plain',
    { parseAs: 'string', bodyLimit: MAX_QUERY_BYTES },
    (_request, body, done) => done(null, body),
  );
};
