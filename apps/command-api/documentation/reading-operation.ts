import type { OpenAPIObject } from '@nestjs/swagger';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;

interface Answer {
  readonly description: string;
  /** Default: application/json. */
  readonly mediaTypes?: readonly string[];
  readonly example?: unknown;
  readonly etag?: true;
}

const customer = {
  customerId: 'c-1001',
  stage: 'customer',
  kind: 'person',
  name: 'Ada Winter',
  email: 'ada.winter@example.com',
  tags: ['newsletter'],
  revision: 3,
};

const event = {
  position: 4711,
  type: 'CustomerTagged',
  stream: 'customer-c-1001',
  revision: 2,
  occurredAt: '2024-02-01T23:00:00.000Z',
  businessDate: '2024-02-02',
  recordedAt: '2024-02-02T08:15:30.123Z',
  actor: 'shop',
  data: { customerId: 'c-1001', tag: 'newsletter' },
};

/** What routes answer that run no command. */
const answers: Readonly<Record<string, Answer>> = {
  'get /v1/customers': {
    description: 'Those whose address or number it is now, perhaps none.',
    example: { customers: [customer] },
  },
  'get /v1/customers/{id}': { description: 'The customer, readable.', example: customer, etag: true },
  'get /v1/customers/{id}/timeline': {
    description: 'Events, newest first; `next` is the `before` of the next page, null on the last.',
    example: { items: [event], next: 4012 },
  },
  'get /v1/customers/{id}/export': {
    description: 'One event a line, newest first.',
    mediaTypes: ['application/x-ndjson'],
    example: `${JSON.stringify(event)}\n`,
  },
  'get /v1/complaints/{id}': {
    description: 'The complaint and its facts, oldest first, readable; null stands for what was erased.',
    etag: true,
    example: {
      complaintId: 'k-3001',
      revision: 0,
      status: 'open',
      classification: { category: 'damaged goods' },
      acknowledged: false,
      disputed: false,
      facts: [
        {
          ...event,
          type: 'ComplaintOpened',
          stream: 'complaint-k-3001',
          revision: 0,
          data: {
            complaintId: 'k-3001',
            channel: 'phone',
            category: 'damaged goods',
            description: 'Dented.',
          },
        },
      ],
    },
  },
  'get /v1/campaigns/{id}': {
    description: 'The campaign: its plan, launch and end, and how far a launch under way is.',
    etag: true,
    example: { campaignId: 'spring-2024', revision: 0, plan: { name: 'Spring offer 2024', holdOut: 0.1 } },
  },
  'get /health/live': { description: 'The process runs.', example: { status: 'live' } },
  'get /health/ready': { description: 'It can do its work.', example: { status: 'ready' } },
  'get /v1/reports/{name}': {
    description: 'A page of the report.',
    mediaTypes: ['application/json', 'text/csv'],
  },
  'get /v1/sql': { description: 'The rows, in the format asked for.', mediaTypes: ['*/*'] },
  'post /v1/sql': { description: 'The rows, in the format asked for.', mediaTypes: ['*/*'] },
};

const isText = (mediaType: string): boolean => mediaType !== 'application/json';

/** Answer and headers of a route that runs no command. */
export const completeReading = (operation: Operation, method: string, path: string): void => {
  const {
    description,
    mediaTypes = ['application/json'],
    example,
    etag,
  } = answers[`${method} ${path}`] ?? {
    description: operation.summary ?? 'Done.',
  };
  const status = method === 'post' && path !== '/v1/sql' ? '201' : '200';
  const headers = ['X-Correlation-Id', ...(etag ? ['ETag'] : [])];
  operation.parameters = [
    ...(operation.parameters ?? []),
    { $ref: '#/components/parameters/CorrelationId' },
    { $ref: '#/components/parameters/Traceparent' },
  ];
  operation.responses = {
    [status]: {
      description,
      headers: Object.fromEntries(headers.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
      content: Object.fromEntries(
        mediaTypes.map((mediaType) => [
          mediaType,
          {
            schema: { type: isText(mediaType) ? ('string' as const) : ('object' as const) },
            ...(example !== undefined && { examples: { answer: { value: example } } }),
          },
        ]),
      ),
    },
  };
};
