import type { DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { type HealthPorts, healthModule } from '#apps/command-api/health/health.module';
import { createServer, listen, serverSettings } from '#apps/command-api/http/server';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import { startTracing, type Tracing } from '#platform/tracing';
import type { Closing } from './closing.js';
import { Draining } from './draining.js';
import { measureReadiness, measureRequests, metricsModule } from './http-metrics.js';
import type { Metrics } from './metrics.js';

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

/** Callers who read no answer are not waited for; a little later than the requests that are under way. */
const CUT_OFF_AFTER_MS = 5_500;

/** The HTTP side of every application: begins to answer, and tells where. */
export const serveHttp = async (
  { configuration, metrics, tracing, log, parts, modules = [], prepare }: HttpService,
  closing: Closing,
): Promise<string> => {
  const draining = new Draining();
  const allParts = { ...parts, process: draining.health };
  const application = await createServer(
    [...modules, healthModule(allParts), metricsModule(metrics)],
    serverSettings(configuration),
    log,
    tracing,
    draining,
  );
  const fastify = application.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  closing.add((how) => {
    draining.begin(how);
    const closed = application.close();
    setTimeout(() => fastify.server.closeAllConnections(), CUT_OFF_AFTER_MS).unref();
    return closed;
  });
  measureRequests(fastify, metrics);
  measureReadiness(metrics, allParts);
  prepare?.(application);
  const url = await listen(application, configuration);
  if (configuration.apiKeys.length === 0)
    log.info({ url }, 'no API keys are configured: listening on loopback only');
  return url;
};

export const tracingOf = ({ otlpEndpoint, traceRatio }: Configuration, service: string): Promise<Tracing> =>
  startTracing({ service, endpoint: otlpEndpoint, ratio: traceRatio });
