import 'reflect-metadata';
import type { AddressInfo, Socket } from 'node:net';
import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Draining, drainingModule } from '#apps/service/draining';
import { type Configuration, isLoopback } from '#platform/configuration';
import { withCorrelation } from '#platform/correlation';
import { noTracing, type Step, type Tracing } from '#platform/tracing';
import { type ApiKey, authentication } from './authentication.js';
import { registerBodies } from './body.js';
import { type Caller, callerOf } from './caller.js';
import { problemOf } from './problem.js';
import { type ErrorLog, PROBLEM_TYPE, ProblemFilter } from './problem-filter.js';
import { watchRoutes } from './routes.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What a trace shows of it; missing for requests that are none of the callers'. */
    step?: Step;
  }
}

export interface ServerSettings {
  readonly apiKeys: readonly ApiKey[];
  /** Paths that need no key: exact ones, and with a slash at the end all below. */
  readonly publicPaths: readonly string[];
  readonly bodyLimit: number;
}

export const PUBLIC_PATHS = ['/health/', '/metrics', '/openapi.json', '/docs', '/docs/'];
export const BODY_LIMIT = 1024 * 1024;
const LONGEST_PATH_PARAMETER = 2000;
const REQUEST_TIMEOUT_MS = 300_000;

export const serverSettings = ({ apiKeys, bodyLimit }: Configuration): ServerSettings => ({
  apiKeys: apiKeys.map(({ name, key }) => ({ name, key: key.reveal() })),
  publicPaths: PUBLIC_PATHS,
  bodyLimit,
});

@Module({})
class ServerModule {}

/** A Nest application on Fastify with our answers to failures, keys and correlation ids around the modules. */
export const createServer = async (
  modules: readonly (DynamicModule | Type)[],
  settings: ServerSettings,
  log: ErrorLog,
  tracing: Tracing = noTracing,
  draining: Draining = new Draining(),
): Promise<NestFastifyApplication> => {
  const adapter = new FastifyAdapter({
    // No part uses Express-like middleware, and the layer that runs it costs every request.
    skipMiddie: true,
    multipart: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // Who comes then is told so by us, like everybody before.
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PATH_PARAMETER, ignoreTrailingSlash: true },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      filter.answer(error, request, reply),
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => refuseConnection(error, socket),
  } as ConstructorParameters<typeof FastifyAdapter>[0]);
  // Nest's type allows HTTP/2; ours is an HTTP/1.1 server.
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  const filter = new ProblemFilter(log, watchRoutes(fastify));
  registerBodies(fastify, settings.bodyLimit);
  fastify.decorateRequest('caller', undefined);
  fastify.decorateRequest('step', undefined);
  const authenticate = authentication(settings.apiKeys);
  fastify.addHook('onRequest', (request, reply, done) => {
    const caller = callerOf('anonymous', request.headers);
    request.caller = caller;
    reply.header('x-correlation-id', caller.correlationId);
    try {
      if (!isPublic(request.routeOptions.url, settings.publicPaths)) {
        request.caller = { ...caller, actor: authenticate(request.headers) };
        request.step = beginStep(tracing, request, caller);
        request.caller = { ...request.caller, traceparent: request.step.traceparent };
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  draining.watch(fastify, (route) => isPublic(route, settings.publicPaths));
  // Right before the handler: reading the body would lose it. Not for /health and /metrics: from the first use on every
  // promise of the process costs more, a quarter of what a relay or a projector does.
  fastify.addHook('preHandler', ({ caller, step }, _, done) =>
    caller && step ? withCorrelation(caller.correlationId, done) : done(),
  );
  fastify.addHook('onResponse', ({ step }, { statusCode }, done) => {
    step?.end(statusCode >= 500 ? `answered ${statusCode}` : undefined);
    done();
  });
  const application = await NestFactory.create<NestFastifyApplication>(
    { module: ServerModule, imports: [...modules, drainingModule(draining)] },
    adapter,
    { bodyParser: false, logger: false, abortOnError: false },
  );
  application.useGlobalFilters(filter);
  return application;
};

const beginStep = (
  tracing: Tracing,
  { method, routeOptions: { url } }: FastifyRequest,
  caller: Caller,
): Step =>
  tracing.begin(`${method} ${url ?? 'unknown'}`, {
    kind: 'server',
    parent: caller.traceparent,
    attributes: {
      'http.request.method': method,
      'http.route': url ?? '',
      'perennial.correlation_id': caller.correlationId,
    },
  });

/** Begins to answer, and tells where. */
export const listen = async (
  application: NestFastifyApplication,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<string> => {
  await application.listen(port, host);
  return urlOf(application.getHttpServer().address() as AddressInfo);
};

const urlOf = ({ address, port, family }: AddressInfo): string => {
  if (!isLoopback(address)) return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
};

/** What is not even HTTP never reaches a request. */
const refuseConnection = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const problem = problemOf(Object.assign(new Error('This is not an HTTP request.'), { statusCode: status }));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
};

export const isPublic = (url: string | undefined, paths: readonly string[]): boolean =>
  url !== undefined && paths.some((path) => url === path || (path.endsWith('/') && url.startsWith(path)));
