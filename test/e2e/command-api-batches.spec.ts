import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CommandServer, startCommandServer } from '#test/support/command-server';

interface LineAnswer {
  readonly id?: string;
  readonly status: 'accepted' | 'repeated' | 'rejected';
  readonly position?: number;
  readonly problem?: { readonly status: number; readonly code: string; readonly errors?: readonly object[] };
}

const NDJSON = { 'content-type': 'application/x-ndjson' };

describe('a batch of commands', () => {
  let server: CommandServer;
  beforeAll(async () => {
    server = await startCommandServer();
  });
  afterAll(() => server.close());

  const sendText = async (body: string | Buffer, query = ''): Promise<LineAnswer[]> => {
    const response = await fetch(`${server.url}/v1/commands${query}`, {
      method: 'POST',
      headers: NDJSON,
      body,
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch('application/x-ndjson');
    return (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LineAnswer);
  };
  const send = (lines: readonly object[], query?: string) =>
    sendText(lines.map((line) => JSON.stringify(line)).join('\n'), query);

  const purchase = (id: string, customerId: string, more: object = {}) => ({
    type: 'RecordPurchase',
    id: `command-${id}`,
    data: {
      orderId: id,
      customerId,
      occurredAt: '2024-05-01T10:00:00Z',
      total: { amount: '12.34', currency: 'EUR' },
      ...more,
    },
  });

  it('is answered line by line in the order of the lines, and when repeated as the first time', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => purchase(`o-${i}`, `c-${i % 7}`));
    const first = await send(lines);
    expect(first.map(({ id }) => id)).toEqual(lines.map(({ id }) => id));
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set(['accepted']));
    const again = await send(lines);
    expect(again).toEqual(first.map((answer) => ({ ...answer, status: 'repeated' })));
  });

  it('keeps the order of each customer, follow-ups on other streams included', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => {
      const complaintId = `k-${i}`;
      const customerId = `follow-${i % 5}`;
      return [
        { type: 'RegisterCustomer', id: `r${i}`, data: { customerId: `${customerId}-${i}`, name: 'Ada' } },
        {
          type: 'OpenComplaint',
          id: `o${i}`,
          data: { complaintId, customerId, occurredAt: '2024-05-01', channel: 'web', category: 'delivery' },
        },
        { type: 'AcknowledgeComplaint', id: `a${i}`, data: { complaintId, occurredAt: '2024-05-02' } },
        { type: 'ResolveComplaint', id: `s${i}`, data: { complaintId, occurredAt: '2024-05-03' } },
        { type: 'CloseComplaint', id: `c${i}`, data: { complaintId, occurredAt: '2024-05-04' } },
      ];
    }).flat();
    const answers = await send(lines);
    expect(answers.filter(({ status }) => status !== 'accepted')).toEqual([]);
    const positions = new Map<string, number[]>();
    answers.forEach(({ position }, i) => {
      const complaint = `${Math.floor(i / 5) % 5}`;
      if (i % 5 > 0) positions.set(complaint, [...(positions.get(complaint) ?? []), position as number]);
    });
    for (const inOrder of positions.values()) expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
  });

  it('holds a merge back until all before it are done, and all after it until it is done', async () => {
    const register = (customerId: string) => ({
      type: 'RegisterCustomer',
      id: `register-${customerId}`,
      data: { customerId, name: 'Ada' },
    });
    const answers = await send([
      register('m-1'),
      register('m-2'),
      { type: 'MergeCustomer', id: 'merge', data: { customerId: 'm-2', into: 'm-1', reason: 'duplicate' } },
      { type: 'TagCustomer', id: 'tag-2', data: { customerId: 'm-2', tag: 'late' } },
      { type: 'TagCustomer', id: 'tag-1', data: { customerId: 'm-1', tag: 'late' } },
    ]);
    expect(answers.map(({ status, problem }) => problem?.code ?? status)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'customer-merged',
      'accepted',
    ]);
  });

  it('is not harmed by lines that are wrong', async () => {
    const long = JSON.stringify(purchase('long', 'c', { channel: 'x'.repeat(1024 * 1024) }));
    const lines = [
      JSON.stringify(purchase('w-1', 'c')),
      '{"type":',
      JSON.stringify({ type: 'RecordPurchase', id: 'no-data' }),
      JSON.stringify({ type: 'AcceptMerge', id: 'internal', data: {} }),
      JSON.stringify({ ...purchase('w-2', 'c'), colour: 'red' }),
      JSON.stringify(purchase('w-2', 'c', { total: { amount: '1.234', currency: 'EUR' } })),
      long,
      JSON.stringify(purchase('w-1', 'somebody-else')),
      JSON.stringify({ ...purchase('w-1', 'somebody-else'), id: 'another-command' }),
      '["a list"]',
      JSON.stringify(purchase('w-3', 'c')),
    ];
    const answers = await sendText(
      Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from([0xff])]),
    );
    expect(answers.map(({ status, problem }) => problem?.code ?? status)).toEqual([
      'accepted',
      'malformed-json',
      'validation-failed',
      'unknown-command',
      'validation-failed',
      'validation-failed',
      'line-too-long',
      'command-id-reused',
      'purchase-exists',
      'validation-failed',
      'accepted',
      'malformed-json',
    ]);
    expect(answers[5]?.problem?.errors).toEqual([{ path: 'total.amount', reason: expect.any(String) }]);
  });

  it('changes nothing when it is only tried', async () => {
    const head = await server.eventStore.head();
    const answers = await send(
      [purchase('dry', 'c'), { type: 'RecordPurchase', id: 'x', data: {} }],
      '?dryRun=true',
    );
    expect(answers.map(({ status }) => status)).toEqual(['accepted', 'rejected']);
    expect(await server.eventStore.head()).toBe(head);
  });

  it('takes 10,000 lines and no more', async () => {
    const lines = Array.from({ length: 10_002 }, (_, i) => `{"type":"Nothing","id":"n-${i}","data":{}}`);
    const answers = await sendText(lines.join('\n'));
    expect(answers).toHaveLength(10_002);
    expect(answers[9_999]?.problem?.code).toBe('unknown-command');
    expect(answers[10_000]?.problem?.code).toBe('too-many-lines');
  });

  it('serves clients that send everything before they read anything', async () => {
    const lines = Array.from({ length: 9_000 }, (_, i) => `{"type":"Nothing","id":"early-${i}","data":{}}\n`);
    const body = lines.join('');
    const head = `POST /v1/commands HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.pause();
    await new Promise<void>((resolve, reject) =>
      socket.write(head + body, (error) => (error ? reject(error) : resolve())),
    );
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text.match(/early-\d+/g)).toHaveLength(9_000);
  });

  it('asks for the right type of content', async () => {
    const answer = await server.send('POST', '/v1/commands', [purchase('json', 'c')]);
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported-media-type' } });
  });
});
