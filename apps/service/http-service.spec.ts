import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { loadConfiguration } from '#platform/configuration';
import { createLogger, type Logger } from '#platform/logging';
import { noTracing } from '#platform/tracing';
import { Closing } from './closing.js';
import { serveHttp } from './http-service.js';
import { Metrics } from './metrics.js';

/** A server with one slow route, and the way to let it answer. */
const start = async () => {
  const closing = new Closing();
  const lines: string[] = [];
  const log: Logger = createLogger('info', { write: (line: string) => lines.push(line) });
  let begun!: () => void;
  const underWay = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let finish!: () => void;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });

  @Controller('v1/slow')
  class SlowController {
    @Get()
    async answer() {
      begun();
      await finished;
      log.info({}, 'answers');
      return { answered: true };
    }
  }
  @Controller('v1/quick')
  class QuickController {
    @Post()
    answer() {
      return { answered: true };
    }
  }
  @Module({ controllers: [SlowController, QuickController] })
  class SlowModule {}

  const url = await serveHttp(
    {
      configuration: loadConfiguration({ PORT: '0' }),
      metrics: new Metrics('test'),
      tracing: noTracing,
      log,
      parts: {},
      modules: [{ module: SlowModule }],
    },
    closing,
  );
  return { url, close: closing.close, underWay, finish, lines };
};

describe('a service that is asked for what another process answers', () => {
  it.each([
    ['/v1/admin/verify', 'Of the distributed set analytics answers it.'],
    ['/v1/sql', 'Of the distributed set analytics answers it.'],
    ['/v1/admin/backups/monday?of=data', 'Only the embedded set (npm start) copies itself'],
    ['/v1/customers', 'Of the distributed set command-api answers it.'],
    ['/v1/slow/nothing', 'There is nothing under this path.'],
    ['/v1/nowhere', 'There is nothing under this path.'],
  ])('says where: %s', async (path, said) => {
    const { url, close } = await start();
    const answer = await fetch(`${url}${path}`, { method: 'POST' });
    const problem = await answer.json();
    await close();
    expect(problem).toMatchObject({
      status: 404,
      code: 'no-such-resource',
      detail: expect.stringContaining(said),
    });
  });
});

describe('a service that is to end', () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  const open = async (url: string): Promise<Socket> => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).setEncoding('utf8');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const ask = (socket: Socket, path: string) =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Correlation-Id: c-7\r\n\r\n`);

  it('answers what it has begun, tells newcomers so, and is not ready meanwhile', async () => {
    const { url, close, underWay, finish, lines } = await start();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const caller = await open(url);
    ask(caller, '/v1/slow');
    await underWay;
    const closed = close();
    const newcomer = await fetch(`${url}/v1/slow`);
    expect(newcomer.status).toBe(503);
    expect(await newcomer.json()).toMatchObject({ code: 'shutting-down' });
    expect([newcomer.headers.get('retry-after'), newcomer.headers.get('connection')]).toEqual(['1', 'close']);
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ detail: 'process: shuts down' });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    finish();
    const [answer] = await once(caller, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 200[\s\S]*"answered":true/);
    await closed;
    await expect(fetch(url)).rejects.toThrow();
    const line = lines.find((each) => each.includes('answers'));
    expect(JSON.parse(line!)).toMatchObject({ msg: 'answers', correlationId: 'c-7' });
  });

  it('resets nobody when those who run it end it: a balancer has the time to see that it is not ready', async () => {
    const { url, close } = await start();
    const bodies = ['{}', JSON.stringify('x'.repeat(1_000_000))];
    const answers: string[] = [];
    let inRotation = true;
    const caller = async (body: string) => {
      while (inRotation) {
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(`${url}/v1/quick`, { method: 'POST', headers, body });
        const { code } = (await answer.json()) as { code?: string };
        answers.push(`${answer.status} ${code} ${answer.headers.get('connection')}`);
        if (!answer.ok) await delay(20);
      }
    };
    const callers = Promise.all([0, 0, 0, 0, 1, 1].map((which) => caller(bodies[which]!)));
    while (answers.length < 20) await new Promise(setImmediate);
    const began = performance.now();
    const closed = close({ gently: true });
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    // One that asks every second.
    await delay(1_000);
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    inRotation = false;
    await callers;
    await closed;
    expect([...new Set(answers)].sort()).toEqual(['201 undefined keep-alive', '503 shutting-down close']);
    expect(performance.now() - began).toBeLessThan(5_000);
    await expect(fetch(url)).rejects.toThrow();
  }, 20_000);

  it('has nobody to wait for when nobody has come', async () => {
    const { url, close } = await start();
    await fetch(`${url}/health/ready`);
    const began = performance.now();
    await close({ gently: true });
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  it('answers in its own words whoever it meets when it listens no more', async () => {
    const { url, close } = await start();
    const caller = await open(url);
    caller.write('GET /v1/slow HTTP/1.1\r\nHost: localhost\r\n');
    // By then it has read what was sent.
    await fetch(`${url}/health/live`);
    const closed = close();
    while (
      await fetch(`${url}/health/live`).then(
        () => true,
        () => false,
      )
    );
    caller.write('\r\n');
    const [answer] = await once(caller, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 503[\s\S]*connection: close[\s\S]*"code":"shutting-down"/i);
    await closed;
  });

  it('does not wait for long for a request that never ends', async () => {
    const { url, close, underWay } = await start();
    const caller = await open(url);
    ask(caller, '/v1/slow');
    await underWay;
    const cut = once(caller, 'close');
    const began = performance.now();
    await close();
    await cut;
    expect(performance.now() - began).toBeLessThan(8_000);
  }, 15_000);
});
