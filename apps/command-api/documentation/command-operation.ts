import type { OpenAPIObject } from '@nestjs/swagger';
import { commandTypes } from '#crm/catalogue';
import type { CommandName } from '../command-dtos.js';
import { commandExamples } from '../command-examples.js';
import { fieldsInPath } from './path-ids.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;
type Schema = { readonly type?: string; readonly required?: readonly string[] };

const HEADERS = ['IdempotencyKey', 'IfMatch', 'Prefer', 'CorrelationId', 'Traceparent'];
/** Of what can be read afterwards. */
const LOCATED: ReadonlySet<CommandName> = new Set(['RegisterCustomer', 'OpenComplaint', 'PlanCampaign']);

/** The part of the schema that the body must have: ids of the path may be left out of it. */
const schemaOf = (type: CommandName, inPath: readonly string[], schemas: Record<string, Schema>): string => {
  const whole = schemas[type];
  if (!whole?.required?.some((field) => inPath.includes(field))) return type;
  const name = `${type}Body`;
  const required = whole.required.filter((field) => !inPath.includes(field));
  const { required: _all, ...rest } = whole;
  schemas[name] = { ...rest, ...(required.length > 0 && { required }) };
  return name;
};

/** Body, headers, examples and answers of a route that runs a command. */
export const completeCommand = (
  operation: Operation,
  path: string,
  type: CommandName,
  schemas: Record<string, Schema>,
): void => {
  const inPath = fieldsInPath(path);
  const schema = schemaOf(type, inPath, schemas);
  const example = exampleOn(path, type);
  const body = Object.fromEntries(Object.entries(example).filter(([field]) => !inPath.includes(field)));
  operation.parameters = [
    ...(operation.parameters ?? []),
    ...HEADERS.map((name) => ({ $ref: `#/components/parameters/${name}` })),
  ];
  operation.requestBody = {
    required: (schemas[schema]?.required?.length ?? 0) > 0,
    content: {
      'application/json': {
        schema: { $ref: `#/components/schemas/${schema}` },
        examples: { [type]: { value: body } },
      },
    },
  };
  operation.responses = {
    '201': answerOf('It was accepted, and is kept for good.', type, example, 'accepted'),
    '200': answerOf(
      'It was there already, with the same content; nothing was changed.',
      type,
      example,
      'repeated',
    ),
  };
};

type Example = Readonly<Record<string, unknown>>;

/** Returns without an order have a path of their own. */
const exampleOn = (path: string, type: CommandName): Example => {
  const { orderId, ...withoutOrder } = commandExamples[type];
  return path.startsWith('/v1/returns') ? withoutOrder : commandExamples[type];
};

const answerOf = (description: string, type: CommandName, example: Example, status: string) => {
  const ids = Object.entries(example).filter(([field]) => field.endsWith('Id'));
  const stream = commandTypes.find((known) => known.type === type)?.stream(example);
  const headers = [
    'ETag',
    'X-Correlation-Id',
    'Preference-Applied',
    ...(LOCATED.has(type) ? ['Location'] : []),
  ];
  const answer = { ...Object.fromEntries(ids), status, stream, revision: 0, position: 4711 };
  return {
    description,
    headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/CommandAnswer' },
        examples: { [status]: { value: answer } },
      },
    },
  };
};
