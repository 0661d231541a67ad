import { setTimeout as delay } from 'node:timers/promises';
import { type BeforeApplicationShutdown, type DynamicModule, Module } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { PartHealth } from '#apps/command-api/health/health.module';
import { HttpProblem } from '#apps/command-api/http/problem';

/** What has not been answered by then is cut off: whoever stops a process waits ten seconds. */
const ANSWERED_WITHIN_MS = 5_000;

/**
 * The end of an HTTP server: requests that were begun are answered, whoever comes meanwhile is told to go elsewhere, and
 * only then does it stop listening.
 */
export class Draining implements BeforeApplicationShutdown {
  private draining = false;
  private readonly underWay = new Set<FastifyRequest>();
  private answered: () => void = () => {};

  /** @param isPublic what is asked about this process rather than of it is answered to the end */
  watch(fastify: FastifyInstance, isPublic: (route: string) => boolean): void {
    fastify.addHook('onRequest', (request, _, done) => {
      if (isPublic(request.routeOptions.url ?? '')) return done();
      if (this.draining) return done(shuttingDown());
      this.underWay.add(request);
      done();
    });
    fastify.addHook('onResponse', (request, _, done) => {
      this.underWay.delete(request);
      if (this.underWay.size === 0) this.answered();
      done();
    });
  }

  /** For /health/ready. */
  health = (): PartHealth => ({ ready: !this.draining, ...(this.draining && { reason: 'shuts down' }) });

  /** Nest calls it while it still listens. */
  async beforeApplicationShutdown(): Promise<void> {
    this.draining = true;
    if (this.underWay.size === 0) return;
    const late = new AbortController();
    const answered = new Promise<void>((resolve) => {
      this.answered = resolve;
    });
    await Promise.race([
      answered,
      delay(ANSWERED_WITHIN_MS, undefined, { signal: late.signal }).catch(() => {}), // all are answered
    ]);
    late.abort();
  }
}

const shuttingDown = (): HttpProblem =>
  new HttpProblem(503, 'shutting-down', 'This server is shutting down. Send it again.', {
    connection: 'close',
    'retry-after': '1',
  });

@Module({})
class DrainingModule {}

export const drainingModule = (draining: Draining): DynamicModule => ({
  module: DrainingModule,
  providers: [{ provide: Draining, useValue: draining }],
});
