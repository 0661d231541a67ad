import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, type DynamicModule, Module } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PartHealth } from '#apps/command-api/health/health.module';
import { shuttingDown } from '#apps/command-api/http/problem';

/** What has not been answered by then is cut off: whoever stops a process waits ten seconds. */
const ANSWERED_WITHIN_MS = 5_000;
/** A balancer that asks every second whether it is ready has learned by then that it is not. */
const KEEP_LISTENING_MS = 2_000;
/** Without callers for that long there is nobody to wait for. */
const CALLERS_WITHIN_MS = 10_000;
/** A body that takes longer is not read to its end. */
const BODY_WITHIN_MS = 1_000;
const LOOK_MS = 10;
/**
 * Looks in a row without a newcomer: whoever came a moment ago may be about to come again, and would find the connection
 * reset. Looks and not time, because a process that is busy does not see who waits.
 */
const QUIET_LOOKS = 10;

/** How a service is closed. */
export interface HowToClose {
  /** For the process that serves others: they are to learn of it, and to go elsewhere, before it listens no more. */
  readonly gently?: boolean;
}

/**
 * The end of an HTTP server: requests that were begun are answered, whoever comes meanwhile is told to go elsewhere, and
 * only then does it stop listening.
 */
export class Draining implements BeforeApplicationShutdown {
  private begunAt: number | undefined;
  private listensUntil = 0;
  private lastCameAt = Number.NEGATIVE_INFINITY;
  private quietLooks = 0;
  private readonly underWay = new Set<FastifyRequest>();

  /** @param isPublic what is asked about this process rather than of it is answered to the end */
  watch(fastify: FastifyInstance, isPublic: (route: string | undefined) => boolean): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      const draining = this.begunAt !== undefined;
      if (draining) reply.header('connection', 'close');
      if (isPublic(request.routeOptions.url)) return done();
      this.lastCameAt = performance.now();
      this.quietLooks = 0;
      this.underWay.add(request);
      if (draining) afterBody(request.raw, () => done(shuttingDown()));
      else done();
    });
    fastify.addHook('onResponse', (request, _, done) => {
      this.underWay.delete(request);
      done();
    });
  }

  /** For /health/ready. */
  health = (): PartHealth => ({
    ready: this.begunAt === undefined,
    ...(this.begunAt !== undefined && { reason: 'shuts down' }),
  });

  /** From now on it is not ready and refuses; it is to be closed next. */
  begin({ gently = false }: HowToClose = {}): void {
    if (this.begunAt !== undefined) return;
    this.begunAt = performance.now();
    const hasCallers = this.begunAt - this.lastCameAt < CALLERS_WITHIN_MS;
    this.listensUntil = gently && hasCallers ? this.begunAt + KEEP_LISTENING_MS : this.begunAt;
  }

  /** Nest calls it while it still listens. */
  async beforeApplicationShutdown(): Promise<void> {
    this.begin();
    while (!this.isOver()) await delay(LOOK_MS);
  }

  private isOver(): boolean {
    const now = performance.now();
    const begunAt = this.begunAt as number;
    if (now >= begunAt + ANSWERED_WITHIN_MS) return true;
    if (this.underWay.size > 0) return false;
    if (this.listensUntil === begunAt) return true;
    this.quietLooks += 1;
    return now >= this.listensUntil && this.quietLooks > QUIET_LOOKS;
  }
}

/** To close a connection on what is still being sent would reset it, and the answer would be lost. */
const afterBody = (body: IncomingMessage, then: () => void): void => {
  const read = () => {
    clearTimeout(late);
    body.off('end', read).off('close', read);
    then();
  };
  const late = setTimeout(read, BODY_WITHIN_MS).unref();
  body.once('end', read).once('close', read).resume();
};

@Module({})
class DrainingModule {}

export const drainingModule = (draining: Draining): DynamicModule => ({
  module: DrainingModule,
  providers: [{ provide: Draining, useValue: draining }],
});
