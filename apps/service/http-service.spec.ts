import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
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
  @Module({ controllers: [SlowController] })
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
