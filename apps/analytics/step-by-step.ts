import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { problemOf } from '#apps/command-api/http/problem';

/**
 * Answers long work as lines of JSON: `{"step": ...}` as it goes on, and at its end `{"result": ...}` or
 * `{"problem": ...}`. The status is sent before the work is done, so a failure stands in the last line.
 */
export const stepByStep = (
  reply: FastifyReply,
  work: (step: (text: string) => void) => Promise<object>,
): FastifyReply => {
  const body = new PassThrough();
  const write = (line: object) => body.write(`${JSON.stringify(line)}\n`);
  work((step) => write({ step }))
    .then(
      (result) => write({ result }),
      (error: unknown) => write({ problem: problemOf(error) }),
    )
    .finally(() => body.end());
  return reply.code(200).type('application/x-ndjson; charset=utf-8').send(body);
};
