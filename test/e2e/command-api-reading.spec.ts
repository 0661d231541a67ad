import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Server, startServer } from '#apps/standalone/server';
import { loadConfiguration } from '#platform/configuration';

interface ReadEvent {
  readonly position: number;
  readonly type: string;
  readonly stream: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly businessDate: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What the command side can tell of customers, through the real warehouse. */
describe('reading', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let server: Server;

  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', prefer: 'wait=20', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text.startsWith('{') ? JSON.parse(text.split('\n', 1)[0] as string) : {},
    };
  };
  const timeline = async (id: string, query = ''): Promise<{ items: ReadEvent[]; next: number | null }> =>
    (await send('GET', `/v1/customers/${id}/timeline${query}`)).body;
  const exported = async (id: string): Promise<ReadEvent[]> =>
    (await send('GET', `/v1/customers/${id}/export`)).text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  beforeAll(async () => {
    server = await startServer(
      loadConfiguration(
        { PERENNIAL_LOG_LEVEL: 'fatal', PERENNIAL_BUSINESS_ZONE: 'Europe/Berlin' },
        { port: 0, dataDirectory: dir },
      ),
    );
    for (const [path, body] of [
      [
        'customers',
        { customerId: 'c-1', name: 'Ada Winter', email: 'ada@example.com', occurredAt: '2024-01-01' },
      ],
      ['customers', { customerId: 'c-2', name: 'A. Winter', occurredAt: '2024-01-02T23:30:00.250Z' }],
      [
        'interactions',
        {
          interactionId: 'i-1',
          customerId: 'c-2',
          channel: 'phone',
          text: 'Where is my order?',
          occurredAt: '2024-01-03',
        },
      ],
      [
        'purchases',
        {
          orderId: 'o-1',
          customerId: 'c-3',
          total: { amount: '5.00', currency: 'EUR' },
          occurredAt: '2024-01-04',
        },
      ],
      [
        'complaints',
        {
          complaintId: 'k-1',
          customerId: 'c-4',
          channel: 'phone',
          category: 'delivery',
          description: 'Nobody rang at my door.',
          occurredAt: '2024-01-05',
        },
      ],
      ['complaints/k-1/respond', { outcome: 'explained', response: 'Sorry.', occurredAt: '2024-01-06' }],
      ['customers/c-2/merge', { into: 'c-1', reason: 'duplicate', occurredAt: '2024-02-01' }],
    ] as const)
      expect((await send('POST', `/v1/${path}`, body)).body).toMatchObject({
        status: 'accepted',
        visible: true,
      });
  }, 60_000);
  afterAll(async () => {
    await server.close();
    rmSync(dir, { recursive: true });
  });

  it('tells of a customer what happened, merged ones included, newest first and readable', async () => {
    const { items, next } = await timeline('c-1');
    expect(items.map(({ type }) => type)).toEqual([
      'CustomerMergeCompleted',
      'CustomerMerged',
      'CustomerMergeReserved',
      'InteractionRecorded',
      'CustomerRegistered',
      'CustomerRegistered',
    ]);
    expect(next).toBeNull();
    expect(items[3]?.data).toMatchObject({ text: 'Where is my order?' });
    expect(items[4]).toMatchObject({
      stream: 'customer-c-2',
      occurredAt: '2024-01-02T23:30:00.250Z',
      businessDate: '2024-01-03',
      recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: { name: 'A. Winter' },
    });
  });
  it('goes on page by page, with no gap and no repeat', async () => {
    const positions: number[] = [];
    let query = '?limit=4';
    for (;;) {
      const { items, next } = await timeline('c-1', query);
      positions.push(...items.map(({ position }) => position));
      if (next === null) break;
      query = `?limit=4&before=${next}`;
    }
    expect(positions).toEqual((await timeline('c-1')).items.map(({ position }) => position));
  });
  it('exports everything, readable', async () => {
    const events = await exported('c-1');
    expect(events.map(({ position }) => position)).toEqual(
      (await timeline('c-1')).items.map(({ position }) => position),
    );
    expect(JSON.stringify(events)).toMatch('ada@example.com');
    expect(JSON.stringify(events)).not.toMatch('sealed.1.');
  });
  it('knows who is merged into whom, and who only bought something', async () => {
    expect((await send('GET', '/v1/customers/c-1')).body).toMatchObject({
      name: 'Ada Winter',
      mergedFrom: ['c-2'],
    });
    expect((await send('GET', '/v1/customers/c-2')).body).toMatchObject({
      name: 'A. Winter',
      mergedInto: 'c-1',
    });
    expect((await send('GET', '/v1/customers/c-3')).body).toMatchObject({
      customerId: 'c-3',
      stage: 'unidentified',
    });
    expect((await timeline('c-3')).items.map(({ type }) => type)).toEqual(['PurchaseRecorded']);
  });
  it('shows a complaint as people read it, until its customer is erased', async () => {
    const { body, headers } = await send('GET', '/v1/complaints/k-1');
    expect(headers.get('etag')).toBe('"1"');
    expect(Object.keys(body).sort()).toEqual([
      'acknowledged',
      'classification',
      'complaintId',
      'disputed',
      'facts',
      'revision',
      'status',
    ]);
    expect(body.facts).toEqual([
      expect.objectContaining({
        type: 'ComplaintOpened',
        businessDate: '2024-01-05',
        data: expect.objectContaining({ description: 'Nobody rang at my door.' }),
      }),
      expect.objectContaining({
        type: 'ComplaintAnswered',
        data: expect.objectContaining({ response: 'Sorry.' }),
      }),
    ]);
    expect(JSON.stringify(body)).not.toMatch(/sealed\.1|dataJson|commandId/);
    expect((await send('POST', '/v1/customers/c-4/erase')).status).toBe(201);
    expect((await send('GET', '/v1/complaints/k-1')).body.facts[0].data).toMatchObject({ description: null });
  });
  it('runs a model on all that was sent before, landed or not', async () => {
    const day = (n: number) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10);
    const lines = Array.from({ length: 4000 }, (_, i) => {
      const customer = i % 1500;
      const occurredAt = day((customer % 90) + (i - customer) / (10 + (customer % 17)));
      return JSON.stringify({
        type: 'RecordPurchase',
        data: {
          orderId: `m-${i}`,
          customerId: `m-${customer}`,
          occurredAt,
          total: { amount: `${10 + (i % 23)}.00`, currency: 'USD' },
        },
      });
    });
    const answered = await fetch(`${server.url}/v1/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    });
    const last = JSON.parse((await answered.text()).trim().split('\n').at(-1) as string);
    const run = await send('POST', '/v1/model-runs', { purpose: 'clv', asOf: '2025-06-30', currency: 'USD' });
    expect(run.body).toMatchObject({ customers: 1500 });
    expect(run.body.knownAt).toBeGreaterThanOrEqual(last.position);
  }, 60_000);
  it.each(['', '/timeline', '/export'])('knows nothing of nobody: %s', async (of) => {
    expect(await send('GET', `/v1/customers/nobody${of}`)).toMatchObject({
      status: 404,
      body: { code: 'customer-not-found' },
    });
  });
  it('shows nothing more of an erased customer and those merged into him or her', async () => {
    expect((await send('POST', '/v1/customers/c-1/erase')).status).toBe(201);
    for (const path of ['c-1', 'c-2', 'c-1/timeline', 'c-2/timeline', 'c-1/export', 'c-2/export'])
      expect((await send('GET', `/v1/customers/${path}`)).status).toBe(410);
    expect((await send('GET', '/v1/customers?email=ada%40example.com')).body).toEqual({ customers: [] });
    const all = await send('GET', '/v1/sql?query=SELECT%20data%20FROM%20crm.events');
    expect(all.status).toBe(200);
    expect(all.text).not.toMatch(/Winter|ada@example|Where is my order/);
  });
});
