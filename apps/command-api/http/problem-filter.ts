import { type ArgumentsHost, Catch, type ExceptionFilter, NotFoundException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PerennialError } from '#eventing/errors';
import { elsewhere } from './elsewhere.js';
import { HttpProblem, headersOf, isUnknown, problemOf } from './problem.js';
import type { Routes } from './routes.js';

/** Where errors go that are our own fault. */
export interface ErrorLog {
  error(facts: object, message: string): void;
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Answers every failure as problem details. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: ErrorLog,
    private readonly routes: Routes,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    this.answer(thrown, request, reply);
  }

  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const error = this.meant(thrown, request);
    const instance = request.caller?.correlationId;
    if (isUnknown(error))
      this.log.error(
        { err: error, correlationId: instance, route: request.routeOptions?.url },
        'request failed',
      );
    if (reply.sent) return;
    const problem = problemOf(error, instance);
    for (const [name, value] of Object.entries(headersOf(error))) reply.header(name, value);
    void reply.code(problem.status).header('content-type', PROBLEM_TYPE).send(JSON.stringify(problem));
  }

  /** Nest wraps what Fastify throws, and knows no difference between a missing path and a wrong method. */
  private meant(thrown: unknown, request: FastifyRequest): unknown {
    const cause = (thrown as { cause?: unknown } | null)?.cause;
    if (cause instanceof HttpProblem || cause instanceof PerennialError) return cause;
    if (!(thrown instanceof NotFoundException)) return thrown;
    const path = request.url.split('?', 1)[0] as string;
    const methods = this.routes.methods(path);
    if (methods.length === 0) {
      const where = elsewhere(path, this.routes.paths) ?? '';
      return new HttpProblem(404, 'no-such-resource', `There is nothing under this path. ${where}`.trimEnd());
    }
    return new HttpProblem(405, 'method-not-allowed', `This path takes ${methods.join(', ')}.`, {
      allow: methods.join(', '),
    });
  }
}
