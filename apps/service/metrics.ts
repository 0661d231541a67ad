import { Controller, type DynamicModule, Get, Header, Inject, Module } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { PartCheck } from '#apps/command-api/health/health.module';
import { version } from '#platform/package-root';

/** One value, or one for each combination of labels. */
type Reading = number | readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

/** What a process tells Prometheus of itself. Names begin with perennial_; nothing here says who a customer is. */
export class Metrics {
  readonly registry = new Registry();

  /** @param application under which name it is told apart */
  constructor(application: string) {
    collectDefaultMetrics({ register: this.registry });
    this.gauge('build_info', 'Which version of which application runs', ['application', 'version'], () => [
      [{ application, version: version() }, 1],
    ]);
  }

  /** A value that goes up and down, read whenever it is asked for; when it cannot be read it is left out. */
  gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Reading | Promise<Reading>,
  ): void {
    new Gauge({
      ...this.named(name, help, labelNames),
      async collect() {
        // What cannot be asked is missing, not zero: alerts know the difference.
        const values = await Promise.resolve()
          .then(read)
          .catch(() => []);
        this.reset();
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of readings(values)) this.set(labels, value);
      },
    });
  }

  /** A total that somebody counts elsewhere. */
  total(name: string, help: string, labelNames: readonly string[], read: () => Reading): void {
    new Counter({
      ...this.named(name, help, labelNames),
      collect() {
        this.reset();
        for (const [labels, value] of readings(read())) this.inc(labels, value);
      },
    });
  }

  /** A total that is counted here. */
  counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter(this.named(name, help, labelNames));
  }

  /** How long something takes, in seconds. */
  duration(name: string, help: string, labelNames: readonly string[] = []): Histogram {
    return new Histogram({
      ...this.named(name, help, labelNames),
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    });
  }

  private named(name: string, help: string, labelNames: readonly string[]) {
    return { name: `perennial_${name}`, help, labelNames: [...labelNames], registers: [this.registry] };
  }
}

const readings = (reading: Reading) => (typeof reading === 'number' ? [[{}, reading] as const] : reading);

/** 1 for the state that something is in, 0 for the others: what Prometheus calls a state set. */
export const stateSet = (states: readonly string[], current: string): Reading =>
  states.map((state) => [{ state }, state === current ? 1 : 0] as const);

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
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}

@Module({})
class MetricsModule {}

export const metricsModule = (metrics: Metrics): DynamicModule => ({
  module: MetricsModule,
  controllers: [MetricsController],
  providers: [{ provide: METRICS, useValue: metrics }],
});
