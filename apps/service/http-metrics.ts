import { Controller, type DynamicModule, Get, Header, Inject, Module } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import type { PartCheck } from '#apps/command-api/health/health.module';
import { METRICS_TYPE, type Metrics } from './metrics.js';

// What processes with an HTTP server of Nest tell of it, and where they tell all they know.

/** Every request by its route, not by its path: ids stay out, and there are not too many. */
export const measureRequests = (fastify: FastifyInstance, metrics: Metrics): void => {
  const seconds = metrics.duration(
    'http_request_duration_seconds',
    'From a request to the end of its answer',
    ['method', 'route', 'status'],
  );
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    seconds.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    );
    done();
  });
};

/** What /health/ready says, part by part. */
export const measureReadiness = (metrics: Metrics, parts: Readonly<Record<string, PartCheck>>): void =>
  metrics.gauge('ready', 'Whether a part that the process needs is ready', ['part'], () =>
    Promise.all(
      Object.entries(parts).map(async ([part, check]) => {
        const { ready } = await Promise.resolve()
          .then(check)
          .catch(() => ({ ready: false }));
        return [{ part }, ready ? 1 : 0] as const;
      }),
    ),
  );

const METRICS = Symbol('Metrics');

@ApiExcludeController()
@Controller('metrics')
class MetricsController {
  constructor(@Inject(METRICS) private readonly metrics: Metrics) {}

  @Get()
  @Header('content-type', METRICS_TYPE)
  read(): Promise<string> {
    return this.metrics.text();
  }
}

@Module({})
class MetricsModule {}

export const metricsModule = (metrics: Metrics): DynamicModule => ({
  module: MetricsModule,
  controllers: [MetricsController],
  providers: [{ provide: METRICS, useValue: metrics }],
});
