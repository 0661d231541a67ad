import { PassThrough } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { problemOf } from '#apps/command-api/http/problem';

/**
 * Answers long work as lines of JSON: `{"step": ...}` as it goes on, and at its end `{"result": ...}` or
 * `{"problem": ...}`. The status is sent before the work is done, so a failure stands in the last line. When whoever
 * asked for it goes away, the signal says so.
 */
export const stepByStep = (
  reply: FastifyReply,
  work: (step: (text: string) => void, signal: AbortSignal) => Promise<object>,
): void => {
  const body = new PassThrough();
  const write = (line: object) => !body.destroyed && body.write(`${JSON.stringify(line)}\n`);
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!body.writableEnded) gone.abort(new Error('whoever asked for it has gone'));
  });
  work((step) => write({ step }), gone.signal)
    .then(
      (result) => write({ result }),
      (error: unknown) => write({ problem: problemOf(error) }),
    )
    .finally(() => body.end());
  // Not returned: the framework would wait for its end and then send a second answer.
  void reply.code(200).type('application/x-ndjson; charset=utf-8').send(body);
};
