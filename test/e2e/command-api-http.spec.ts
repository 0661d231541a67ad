import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { createServer, PUBLIC_PATHS } from '#apps/command-api/http/server';
import { type CommandServer, startCommandServer } from '#test/support/command-server';

@Controller()
class TestController {
  @Get('v1/caller')
  caller(@Req() { caller }: FastifyRequest) {
    return caller;
  }

  @Post('v1/echo')
  echo(@Req() { body }: FastifyRequest) {
    return { body };
  }

  @Get('v1/fault')
  fault(): never {
    throw new Error('Ada Winter, ada@example.com');
  }

  @Get('health/live')
  live() {
    return { status: 'live' };
  }
}

@Module({ controllers: [TestController] })
class TestModule {}

const start = async (apiKeys: readonly { name: string; key: string }[]) => {
  const logged: object[] = [];
  const application = await createServer(
    [TestModule],
    { apiKeys, publicPaths: PUBLIC_PATHS, bodyLimit: 1000 },
    { error: (facts) => logged.push(facts) },
  );
  await application.listen(0, '127.0.0.1');
  const { port } = application.getHttpServer().address() as AddressInfo;
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text === '' ? {} : JSON.parse(text),
    };
  };
  return { port, logged, ask, close: () => application.close() };
};

type Started = Awaited<ReturnType<typeof start>>;

describe('the server', () => {
  let open: Started;
  let locked: Started;
  beforeAll(async () => {
    open = await start([]);
    locked = await start([
      { name: 'shop', key: 'k-shop' },
      { name: 'call-centre', key: 'k-call' },
    ]);
  });
  afterAll(async () => {
    await open.close();
    await locked.close();
  });

  describe('with keys', () => {
    it.each([
      ['a bearer token', { authorization: 'Bearer k-call' }, 'call-centre'],
      ['a header of its own', { 'x-api-key': 'k-shop' }, 'shop'],
    ])('takes %s and knows whose it is', async (_what, headers, actor) => {
      expect(
        await locked.ask('/v1/caller', { headers: headers as unknown as Record<string, string> }),
      ).toMatchObject({
        status: 200,
        body: { actor },
      });
    });
    it.each([
      ['none', {}],
      ['another', { 'x-api-key': 'k-shoq' }],
      ['an empty one', { 'x-api-key': '' }],
      ['two', { 'x-api-key': 'k-shop, k-call' }],
      ['a password', { authorization: 'Basic ay1zaG9wOg==' }],
    ])('refuses %s', async (_what, headers) => {
      const answer = await locked.ask('/v1/caller', {
        headers: headers as unknown as Record<string, string>,
      });
      expect(answer).toMatchObject({ status: 401, body: { code: 'unauthorised' } });
      expect(answer.headers.get('www-authenticate')).toMatch('Bearer');
      expect(answer.text).not.toMatch(/k-/);
    });
    it('asks for none where there is nothing to protect, and for one where nothing is', async () => {
      expect((await locked.ask('/health/live')).status).toBe(200);
      expect((await locked.ask('/nowhere')).status).toBe(401);
    });
  });

  it('takes a correlation id and a trace from whoever has one', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = { 'x-correlation-id': 'order-77', traceparent };
    const answer = await open.ask('/v1/caller', { headers });
    expect(answer.body).toEqual({ actor: 'local', correlationId: 'order-77', traceparent });
    expect(answer.headers.get('x-correlation-id')).toBe('order-77');
  });
  it.each(['a b', 'x'.repeat(101), '<script>'])('makes one in place of %j', async (id) => {
    const headers = { 'x-correlation-id': id, traceparent: '00-0-0-0' };
    const { body } = await open.ask('/v1/caller', { headers });
    expect(body).toEqual({ actor: 'local', correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  it('hides a fault of its own and logs it under the correlation id', async () => {
    const answer = await open.ask('/v1/fault', { headers: { 'x-correlation-id': 'fault-1' } });
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal-error', instance: 'fault-1' } });
    expect(answer.text).not.toMatch('Ada');
    expect(open.logged).toEqual([
      expect.objectContaining({ correlationId: 'fault-1', err: expect.any(Error) }),
    ]);
  });

  const json = { 'content-type': 'application/json' };
  it.each([
    ['GET', '/nowhere', {}, undefined, 404, 'no-such-resource'],
    ['DELETE', '/v1/echo', {}, undefined, 405, 'method-not-allowed'],
    ['GET', '/v1/%zz', {}, undefined, 400, 'malformed-request'],
    ['POST', '/v1/echo', json, '{', 400, 'malformed-json'],
    ['POST', '/v1/echo', json, Buffer.from([0x22, 0xff, 0x22]), 400, 'malformed-json'],
    ['POST', '/v1/echo', json, `"${'x'.repeat(1000)}"`, 413, 'body-too-large'],
    ['POST', '/v1/echo', { 'content-type': 'application/xml' }, '<a/>', 415, 'unsupported-media-type'],
    ['POST', '/v1/echo', { 'content-type': 'application/x-ndjson' }, '{}', 415, 'unsupported-media-type'],
    ['POST', '/v1/echo', { ...json, 'content-encoding': 'gzip' }, '{}', 415, 'unsupported-content-encoding'],
  ])('answers %s %s %j %s with %i', async (method, path, headers, body, status, code) => {
    const answer = await open.ask(path, {
      method,
      headers: headers as unknown as Record<string, string>,
      body,
    });
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(answer).toMatchObject({ status, body: { status, code, title: expect.any(String) } });
  });
  it('names the methods that a path takes', async () => {
    expect((await open.ask('/v1/echo', { method: 'DELETE' })).headers.get('allow')).toBe('POST');
  });
  it('keeps the connection of whoever sends bad JSON', async () => {
    expect(
      (await open.ask('/v1/echo', { method: 'POST', headers: json, body: '{' })).headers.get('connection'),
    ).toBe('keep-alive');
  });
  it('takes an empty body for none', async () => {
    expect((await open.ask('/v1/echo', { method: 'POST', headers: json })).body).toEqual({});
  });
  it('answers also what is not HTTP', async () => {
    const socket = connect(open.port, '127.0.0.1');
    socket.write('HELLO\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1.1 400 .*problem\+json.*malformed-request/s);
  });
});

describe('an accepted command', () => {
  let server: CommandServer;
  beforeAll(async () => {
    server = await startCommandServer();
  });
  afterAll(() => server.close());

  const customer = { customerId: 'c-1', name: 'Ada Winter', email: 'Ada@Example.com', phone: '030 123456' };

  it('carries who sent it and what it belongs to into its event', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = { 'x-correlation-id': 'signup-5', 'idempotency-key': 'key-5', traceparent };
    const answer = await server.send('POST', '/v1/customers', customer, headers);
    expect(answer.status).toBe(201);
    for await (const { metadata } of server.eventStore.readStream(answer.body.stream))
      expect(metadata).toMatchObject({
        actor: 'local',
        correlationId: 'signup-5',
        commandId: 'key-5',
        traceparent,
        customerId: 'c-1',
      });
  });
  it('waits for the warehouse when it is asked to', async () => {
    const prefer = { prefer: 'respond-async, wait=5' };
    const answer = await server.send('POST', '/v1/customers/c-1/tag', { tag: 'x' }, prefer);
    expect(answer.headers.get('preference-applied')).toBe('wait=5');
    expect(answer.body.visible).toBe(true);
  });
  it('is known again without its time, whatever the key; another content is a conflict', async () => {
    const again = await server.send('POST', '/v1/customers', customer);
    expect(again).toMatchObject({ status: 200, body: { status: 'repeated' } });
    const other = await server.send('POST', '/v1/customers', { ...customer, name: 'Ida Winter' });
    expect(other).toMatchObject({ status: 409, body: { code: 'customer-exists' } });
    const headers = { 'idempotency-key': 'key-5' };
    const reused = await server.send('POST', '/v1/customers', { ...customer, name: 'Ida Winter' }, headers);
    expect(reused).toMatchObject({ status: 409, body: { code: 'command-id-reused' } });
  });
  it('lets its customer be found by what was said of him or her last', async () => {
    const found = async (query: string) =>
      (await server.send('GET', `/v1/customers?${query}`)).body.customers.map(
        ({ customerId }: { customerId: string }) => customerId,
      );
    expect(await found('email=ada%40example.com')).toEqual(['c-1']);
    expect(await found('phone=%2B4930123456')).toEqual(['c-1']);
    await server.send('PATCH', '/v1/customers/c-1', { email: 'ada.winter@example.com', phone: null });
    expect(await found('email=ada%40example.com')).toEqual([]);
    expect(await found('phone=030%20123456')).toEqual([]);
    expect(await found('email=ADA.WINTER%40example.com')).toEqual(['c-1']);
    expect(await server.vault.find('email', 'ada@example.com')).toEqual([]);
  });
  it('leaves no look-up behind that was refused', async () => {
    const email = 'refused@example.com';
    expect((await server.send('POST', '/v1/customers', { ...customer, email })).status).toBe(409);
    expect((await server.send('PATCH', '/v1/customers/nobody', { email })).status).toBe(404);
    expect(await server.vault.find('email', email)).toEqual([]);
  });
  it('makes no key for a complaint that is not there', async () => {
    const answer = await server.send('POST', '/v1/complaints/nothing/acknowledge', { note: 'Hello' });
    expect(answer).toMatchObject({ status: 404, body: { code: 'complaint-not-found' } });
    expect(await server.vault.existingKeys(['complaint-nothing'])).toEqual(new Map());
  });
  it('leaves nothing to read once its customer is erased, and nobody can say more', async () => {
    expect((await server.send('POST', '/v1/customers/c-1/erase')).status).toBe(201);
    expect((await server.send('GET', '/v1/customers/c-1')).status).toBe(410);
    expect((await server.send('GET', '/v1/customers/c-1/timeline')).status).toBe(410);
    expect((await server.send('GET', '/v1/customers/c-1/export')).status).toBe(410);
    const purchase = {
      orderId: 'late',
      customerId: 'c-1',
      occurredAt: '2024-05-01',
      total: { amount: '1.00', currency: 'EUR' },
    };
    const head = await server.eventStore.head();
    expect(await server.send('POST', '/v1/purchases', purchase)).toMatchObject({
      status: 410,
      body: { code: 'customer-erased' },
    });
    expect(await server.eventStore.head()).toBe(head);
    expect((await server.send('POST', '/v1/customers/c-1/erase')).status).toBe(200);
  });
});
