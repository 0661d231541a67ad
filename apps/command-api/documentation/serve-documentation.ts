import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../open-api.js';

/** Whatever the page contains, browsers load for it only what comes from here. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const SECONDS_TO_KEEP_ASSETS = 3600;

/** @param base where the assets are, seen from the page: it is served with and without a slash at its end */
const page = (base: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Perennial API</title>
<link rel="stylesheet" href="${base}swagger-ui.css">
<link rel="icon" type="image/png" href="${base}favicon-32x32.png">
</head>
<body>
<div id="page"></div>
<script src="${base}swagger-ui-bundle.js"></script>
<script src="${base}start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({
  url: new URL('../openapi.json', document.currentScript.src).href,
  dom_id: '#page',
  deepLinking: true,
  docExpansion: 'none',
  validatorUrl: null,
});
`;

/** `/openapi.json`, and a page at `/docs` to read it and try it out. To be called before the server listens. */
export const serveDocumentation = (application: NestFastifyApplication): void => {
  const fastify = application.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  let document: string | undefined;
  fastify.get('/openapi.json', (_request, reply) => {
    document ??= JSON.stringify(openApiDocument(application));
    return reply.type('application/json; charset=utf-8').send(document);
  });
  fastify.get('/docs', ({ url }, reply) => {
    const base = /\/(\?|$)/.test(url) ? './' : './docs/';
    return reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(page(base));
  });
  fastify.get('/docs/start.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(START),
  );
  const { resolve } = createRequire(import.meta.url);
  for (const [name, type] of Object.entries(ASSETS)) {
    const file = resolve(`swagger-ui-dist/${name}`);
    fastify.get(`/docs/${name}`, (_request, reply) =>
      reply
        .type(type)
        .header('cache-control', `max-age=${SECONDS_TO_KEEP_ASSETS}`)
        .send(createReadStream(file)),
    );
  }
};
