import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CliError } from './cli-error.js';
import { onTarget } from './target.js';

describe('a server that a command is sent to', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.writeHead(request.url === '/problem' ? 503 : 200, { 'content-type': 'application/json' });
      if (request.url === '/whole') response.end('{"whole":true}');
      else response.write('{"who', () => response.destroy());
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const cutOff = async (work: Promise<unknown>): Promise<void> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(CliError);
    expect((error as Error).message).toMatch(/^The answer from http:\/\/127\.0\.0\.1:\d+ was cut off: /);
  };

  it('is read to the end', async () => {
    const answer = await onTarget({ url }, ({ json }) => json('/whole'));
    expect(answer).toEqual({ whole: true });
    const response = await onTarget({ url }, ({ request }) => request('/whole'));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  });

  it('is told in words when it ends in the middle of its answer', async () => {
    await cutOff(onTarget({ url }, ({ json }) => json('/half')));
    await cutOff(onTarget({ url }, ({ json }) => json('/problem')));
    await cutOff(onTarget({ url }, async ({ request }) => (await request('/half')).text()));
  });
});
