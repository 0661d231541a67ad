import { readdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { analyticsModule } from '#apps/analytics/analytics.module';
import { packageRoot } from '#platform/package-root';
import { commandApiModule } from './command-api.module.js';
import { commandDtos } from './command-dtos.js';
import { problemCodes } from './documentation/problem-codes.js';
import { serveDocumentation } from './documentation/serve-documentation.js';
import { healthModule } from './health/health.module.js';
import { createServer, PUBLIC_PATHS } from './http/server.js';

interface Route {
  readonly method: string;
  readonly url: string;
}

/** All that the whole server serves; no request comes further than its documentation. */
const start = async () => {
  const modules = [commandApiModule({} as never), analyticsModule({} as never), healthModule({})];
  const settings = { apiKeys: [{ name: 'a', key: 'secret' }], publicPaths: PUBLIC_PATHS, bodyLimit: 1024 };
  const application = await createServer(modules, settings, { error: () => {} });
  const fastify = application.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const routes: Route[] = [];
  fastify.addHook('onRoute', ({ url, method }) => {
    for (const each of [method].flat()) routes.push({ method: each, url });
  });
  serveDocumentation(application);
  await application.listen(0, '127.0.0.1');
  const { port } = application.getHttpServer().address() as AddressInfo;
  return { application, url: `http://127.0.0.1:${port}`, routes };
};

let application: NestFastifyApplication;
let url: string;
let routes: Route[];
let document: OpenAPIObject;

beforeAll(async () => {
  ({ application, url, routes } = await start());
  document = (await (await fetch(`${url}/openapi.json`)).json()) as OpenAPIObject;
});
afterAll(() => application.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document) as never)).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });
  it('refers to nothing that is not in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, to]) => to!);
    const resolve = (to: string) =>
      to
        .split('/')
        .slice(1)
        .reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
    expect(
      [...new Set(references)].filter((to) => !to.startsWith('#/') || resolve(to) === undefined),
    ).toEqual([]);
    expect(references.length).toBeGreaterThan(100);
  });
  it('has every route that the server has, and no other', () => {
    const served = routes
      .filter(
        ({ url, method }) => method !== 'HEAD' && method !== 'OPTIONS' && !/^\/(docs|openapi)/.test(url),
      )
      .map(({ url, method }) => `${method} ${url.replace(/\/$/, '').replace(/:(\w+)/g, '{$1}')}`);
    const documented = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect([...new Set(served)].sort()).toEqual(documented.sort());
  });
  it('says of every route what it is, what it answers, and how it fails', () => {
    for (const { path, method, operation } of operations()) {
      const { summary, tags, responses, operationId } = operation;
      expect({ path, method, summary, tags }).toEqual({
        path,
        method,
        summary: expect.stringMatching(/\w/),
        tags: [expect.any(String)],
      });
      expect(document.tags?.map(({ name }) => name)).toContain(tags[0]);
      expect(operationId).toMatch(/^\w+$/);
      const statuses = Object.keys(responses);
      const failures =
        method === 'get' ? '400 401 404 405 409 410 422 503' : '400 401 404 405 409 410 412 413 415 422 503';
      expect(statuses).toEqual(expect.arrayContaining(failures.split(' ')));
      const good = statuses.filter((status) => status < '300');
      expect(good.length).toBeGreaterThan(0);
      for (const status of good) expect(responses[status].content).toBeDefined();
    }
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });
  it('has body, example, headers and answers for every command', () => {
    const commands = operations().filter(({ operation }) => operation['x-command']);
    expect(new Set(commands.map(({ operation }) => operation['x-command']))).toEqual(
      new Set(Object.keys(commandDtos)),
    );
    for (const { operation } of commands) {
      const { schema, examples } = operation.requestBody.content['application/json'];
      expect(schema.$ref).toMatch(`/${operation['x-command']}`);
      expect(Object.values(examples)).toHaveLength(1);
      expect(operation.parameters).toContainEqual({ $ref: '#/components/parameters/IdempotencyKey' });
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['200', '201']));
    }
  });
  it('has examples that fit their schemas', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }));
    ajv.addSchema(document, 'document');
    const misfits = operations().flatMap(({ path, operation }) => {
      const { schema, examples = {} } = operation.requestBody?.content['application/json'] ?? {};
      const check = schema && ajv.compile({ $ref: `document${schema.$ref}` });
      return Object.values<{ value: unknown }>(examples).flatMap(({ value }) =>
        check(value) ? [] : [{ path, errors: check.errors }],
      );
    });
    expect(misfits).toEqual([]);
  });
  it('closes the bodies, as the checker does', () => {
    const schemas = document.components?.schemas as Record<string, { additionalProperties?: unknown }>;
    for (const type of Object.keys(commandDtos)) expect(schemas[type]?.additionalProperties).toBe(false);
  });
  it('knows every code that the sources know', () => {
    const known = new Set(Object.values(problemCodes).flatMap((codes) => Object.keys(codes)));
    const used = new Set(['apps', 'libs'].flatMap((folder) => codesIn(join(packageRoot(), folder))));
    expect([...used].filter((code) => !known.has(code) && !NOT_FOR_CALLERS.has(code)).sort()).toEqual([]);
    expect([...known].filter((code) => !used.has(code)).sort()).toEqual([]);
  });
});

/** Mistakes of ours in calling a store, what stops a server from starting, and what the simulator tells: no request leads there. */
const NOT_FOR_CALLERS = new Set([
  'backup-damaged',
  'backup-too-new',
  'checkpoint-unreadable',
  'data-directory-in-use',
  'database-url-invalid',
  'empty-append',
  'event-id',
  'event-store-access-denied',
  'event-store-behind-checkpoint',
  'event-store-not-trusted',
  'event-too-large-for-topic',
  'event-type',
  'expected-revision',
  'not-a-backup',
  'not-started',
  'play-given-up',
  'play-refused',
  'stream-gap',
  'stream-name',
  'stream-recreated',
  'stream-truncated',
  'topic-settings',
  'unexpected-answers',
  'master-key-missing',
  'wrong-master-key',
]);

const CODE =
  /(?:\b(?:refused|conflict|notFound|invalid|tooEarly)|(?:HttpP|p)roblem\(\s*\d+,|(?:PerennialError|super)\(\s*'[a-z-]+',|\b\d{3}:)\s*\(?\s*'([a-z]+(?:-[a-z]+)*)'/g;

const codesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.spec\.ts$|documentation/.test(file))
    .flatMap((file) => [...readFileSync(join(folder, file), 'utf8').matchAll(CODE)].map(([, code]) => code!));

describe('the documentation page', () => {
  it.each([
    ['/docs', './docs/'],
    ['/docs/', './'],
  ])('at %s needs no key and loads nothing from elsewhere', async (path, base) => {
    const page = await fetch(`${url}${path}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch("default-src 'none'");
    const html = await page.text();
    expect(html).not.toMatch(/https?:|["']\/\//);
    const loaded = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to!);
    expect(loaded).toHaveLength(4);
    for (const to of loaded) {
      expect(to.startsWith(base)).toBe(true);
      const asset = await fetch(new URL(to, page.url));
      expect({ to, status: asset.status, empty: (await asset.text()) === '' }).toEqual({
        to,
        status: 200,
        empty: false,
      });
    }
  });
  it('asks no validator elsewhere, and reads the document from here', async () => {
    const body = await (await fetch(`${url}/docs/start.js`)).text();
    expect(body).toMatch('validatorUrl: null');
    expect(body).toMatch("'../openapi.json'");
    expect(body).not.toMatch(/https?:/);
  });
});
