import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { type HealthPorts, healthModule } from '#apps/command-api/health/health.module';
import { createServer, listen, serverSettings } from '#apps/command-api/http/server';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import { startTracing, type Tracing } from '#platform/tracing';
import type { Closing } from './closing.js';
import { type Metrics, measureReadiness, measureRequests, metricsModule } from './metrics.js';

export interface HttpService {
  readonly configuration: Configuration;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly log: Logger;
  /** What the process needs for its work, for /health/ready. */
  readonly parts: HealthPorts;
  /** What it answers besides /health and /metrics. */
  readonly modules?: readonly DynamicModule[];
  /** Called before it listens. */
  prepare?(application: NestFastifyApplication): void;
}

/** The HTTP side of every application: begins to answer, and tells where. */
export const serveHttp = async (
  { configuration, metrics, tracing, log, parts, modules = [], prepare }: HttpService,
  closing: Closing,
): Promise<string> => {
  const application = await createServer(
    [...modules, healthModule(parts), metricsModule(metrics)],
    serverSettings(configuration),
    log,
    tracing,
  );
  closing.add(() => application.close());
  measureRequests(application.getHttpAdapter().getInstance() as unknown as FastifyInstance, metrics);
  measureReadiness(metrics, parts);
  prepare?.(application);
  const url = await listen(application, configuration);
  if (configuration.apiKeys.length === 0)
    log.info({ url }, 'no API keys are configured: listening on loopback only');
  return url;
};

export const tracingOf = ({ otlpEndpoint, traceRatio }: Configuration, service: string): Promise<Tracing> =>
  startTracing({ service, endpoint: otlpEndpoint, ratio: traceRatio });
