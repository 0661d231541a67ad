import type { FastifyRequest } from 'fastify';
import { invalid } from '#eventing/errors';
import { idProblem } from '#eventing/ids';

/** A request with ids in its path. */
export type RequestOn<Param extends string = 'id'> = FastifyRequest<{ Params: Record<Param, string> }>;

/**
 * The body of a command on a resource, with the id of the path in its field; no body is an empty one.
 * @throws PerennialError `validation-failed` for a body that is no object or names another id
 */
export const withId = (body: unknown, field: string, id: string): Record<string, unknown> => {
  const problem = idProblem(id);
  if (problem) throw wrong(field, problem);
  if (body === undefined || body === null) return { [field]: id };
  if (typeof body !== 'object' || Array.isArray(body)) throw wrong('', 'must be an object');
  const given = (body as Record<string, unknown>)[field];
  if (given !== undefined && given !== id) throw wrong(field, 'must be the id in the path, or left out');
  return { ...body, [field]: id };
};

const wrong = (path: string, reason: string) =>
  invalid('validation-failed', 'The command is not valid; nothing was changed.', [{ path, reason }]);
