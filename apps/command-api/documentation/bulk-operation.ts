import type { OpenAPIObject } from '@nestjs/swagger';
import { MAX_LINES } from '../bulk/bulk-run.js';
import { commandDtos } from '../command-dtos.js';
import { commandExamples } from '../command-examples.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

const NDJSON = 'application/x-ndjson';

/** What a line of the request, and a line of the answer, is made of. */
export const bulkSchemas = {
  CommandLine: {
    type: 'object',
    description: 'One line of POST /v1/commands.',
    required: ['type', 'data'],
    additionalProperties: false,
    properties: {
      type: { type: 'string', enum: Object.keys(commandDtos), description: 'The type of the command.' },
      id: {
        type: 'string',
        maxLength: 200,
        description: 'The id of the command, like an Idempotency-Key; made here when left out.',
      },
      data: {
        type: 'object',
        description: 'The fields of the command: the schema that is called like its type.',
      },
    },
  },
  CommandLineAnswer: {
    type: 'object',
    description: 'One line of the answer to POST /v1/commands, in the order of the lines that were sent.',
    required: ['status'],
    properties: {
      id: { type: 'string' },
      status: { type: 'string', enum: ['accepted', 'repeated', 'rejected'] },
      position: { type: 'integer', description: 'Of the event; left out when rejected, and in a dry run.' },
      problem: { $ref: '#/components/schemas/Problem' },
    },
  },
};

const lines = (...objects: object[]): string =>
  objects.map((object) => `${JSON.stringify(object)}\n`).join('');

const sent = lines(
  { type: 'RecordPurchase', id: '7f1b0c1e-1', data: commandExamples.RecordPurchase },
  { type: 'RecordInteraction', id: '7f1b0c1e-2', data: commandExamples.RecordInteraction },
  { type: 'TagCustomer', id: '7f1b0c1e-3', data: { customerId: 'c-1001' } },
);

const answered = lines(
  { id: '7f1b0c1e-1', status: 'accepted', position: 4711 },
  { id: '7f1b0c1e-2', status: 'repeated', position: 4012 },
  {
    id: '7f1b0c1e-3',
    status: 'rejected',
    problem: {
      type: 'urn:perennial:problem:validation-failed',
      title: 'Validation failed',
      status: 422,
      detail: 'The command is not valid; nothing was changed.',
      code: 'validation-failed',
      errors: [{ path: 'tag', reason: 'is missing' }],
    },
  },
);

const content = (description: string, value: string) => ({
  [NDJSON]: { schema: { type: 'string' as const, description }, examples: { lines: { value } } },
});

/** Many commands in one request: lines of JSON both ways, which a schema of one body cannot describe. */
export const completeBulk = (operation: Operation): void => {
  operation.description =
    `Up to ${MAX_LINES.toLocaleString('en')} commands, one JSON object a line (schema CommandLine). The answer has a ` +
    'line for each (schema CommandLineAnswer), in the same order, and is written while the request is still being ' +
    'read. A line that is wrong harms no other. Commands of one customer keep their order; a merge waits for all ' +
    'lines before it. Lines that are sent again with the same id take effect once.';
  operation.parameters = [
    ...(operation.parameters ?? []),
    { $ref: '#/components/parameters/CorrelationId' },
    { $ref: '#/components/parameters/Traceparent' },
  ];
  operation.requestBody = { required: true, content: content('A CommandLine on each line.', sent) };
  operation.responses = {
    '200': {
      description: 'A line for each line.',
      headers: { 'X-Correlation-Id': { $ref: '#/components/headers/X-Correlation-Id' } },
      content: content('A CommandLineAnswer on each line.', answered),
    },
  };
};
