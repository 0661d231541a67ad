import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { packageRoot } from '#platform/package-root';
import { type CommandName, commandDtos } from './command-dtos.js';
import { COMMAND_EXTENSION } from './documentation/api-command.js';
import { bulkSchemas, completeBulk } from './documentation/bulk-operation.js';
import { completeCommand } from './documentation/command-operation.js';
import { introduction, tags } from './documentation/introduction.js';
import { idFieldOf } from './documentation/path-ids.js';
import { problemsFor } from './documentation/problem-responses.js';
import { completeReading } from './documentation/reading-operation.js';
import { securitySchemes, sharedComponents } from './documentation/shared-components.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Schemas = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>;

const METHODS = ['get', 'post', 'patch', 'put', 'delete'] as const;

/** The OpenAPI 3.1 document of all routes of an application. */
export const openApiDocument = (application: NestFastifyApplication): OpenAPIObject => {
  const document = SwaggerModule.createDocument(application, configuration(), {
    extraModels: Object.values(commandDtos).map(({ type }) => type),
    autoTagControllers: false,
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  for (const schema of Object.values(schemas)) refuseUnknownFields(schema);
  Object.assign(schemas, sharedComponents.schemas, bulkSchemas);
  document.components = { ...document.components, ...sharedComponents, schemas };
  for (const [path, item] of Object.entries(document.paths))
    for (const method of METHODS) if (item[method]) complete(item[method], method, path, schemas);
  return document;
};

const configuration = () => {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Perennial')
    .setDescription(introduction)
    .setVersion(version())
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0');
  for (const [name, description] of Object.entries(tags)) builder.addTag(name, description);
  return builder.build();
};

const version = (): string =>
  (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;

/** As the checker does; a map of names of the caller's choice says of itself what it takes. */
const refuseUnknownFields = (schema: Schemas[string]): void => {
  if ('properties' in schema && schema.additionalProperties === undefined)
    schema.additionalProperties = false;
};

const complete = (operation: Operation, method: string, path: string, schemas: Schemas): void => {
  const isPublic = path.startsWith('/health/');
  const command = (operation as { readonly [COMMAND_EXTENSION]?: CommandName })[COMMAND_EXTENSION];
  operation.parameters = [...pathIds(path), ...(operation.parameters ?? []).filter(notInPath)];
  if (command !== undefined) completeCommand(operation, path, command, schemas as never);
  else if (path === '/v1/commands') completeBulk(operation);
  else completeReading(operation, method, path);
  operation.responses = { ...operation.responses, ...problemsFor(method) };
  operation.security = isPublic ? [] : [...Object.keys(securitySchemes).map((name) => ({ [name]: [] })), {}];
};

const notInPath = (parameter: object): boolean => !('in' in parameter && parameter.in === 'path');

const pathIds = (path: string) =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path' as const,
    required: true,
    description: `${idFieldOf(path, name)}, percent-encoded.`,
    schema: { type: 'string' as const, minLength: 1, maxLength: 200 },
  }));
