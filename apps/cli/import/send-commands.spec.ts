import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Target } from '../target.js';
import { sendCommands } from './send-commands.js';

type Answering = (ids: readonly string[], response: ServerResponse, request: number) => void;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that answers batches as it is told, and what it was sent. */
const serverThat = async (answering: Answering) => {
  const batches: string[][] = [];
  const server = createServer(async (request: IncomingMessage, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const ids = body.split('\n').map((line) => (JSON.parse(line) as { data: { n: string } }).data.n);
    batches.push(ids);
    answering(ids, response, batches.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const target: Target = {
    request: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    json: () => Promise.reject(new Error('is not asked for')),
    close: async () => {},
  };
  return { target, batches };
};

const commands = (...names: string[]) => names.map((n) => ({ type: 'RecordPurchase', data: { n } }));
const line = (status: string, problem?: object) => `${JSON.stringify({ status, problem })}\n`;
const accepted = line('accepted');
const unavailable = line('rejected', { status: 503, code: 'event-store-unavailable' });
const invalid = line('rejected', { status: 422, code: 'validation-failed' });

describe('sending the commands of a file', () => {
  it('sends again what could not be taken just then, and no more than that', async () => {
    const { target, batches } = await serverThat((ids, response, request) =>
      response.end(
        request === 1 ? accepted + unavailable + invalid + unavailable : accepted.repeat(ids.length),
      ),
    );
    const answers = await sendCommands(target, commands('a', 'b', 'c', 'd'), { dryRun: false });
    expect(batches).toEqual([
      ['a', 'b', 'c', 'd'],
      ['b', 'd'],
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['accepted', 'accepted', 'rejected', 'accepted']);
  });

  it('goes on behind the last whole answer when a connection breaks, or nobody answers', async () => {
    const { target, batches } = await serverThat((ids, response, request) => {
      if (request === 1) response.destroy();
      else if (request === 2) response.write(`${accepted}{"stat`, () => response.destroy());
      else if (request === 3) response.writeHead(503).end('{"status":503}');
      else response.end(accepted.repeat(ids.length));
    });
    const answers = await sendCommands(target, commands('a', 'b'), { dryRun: false });
    expect(batches).toEqual([['a', 'b'], ['a', 'b'], ['b'], ['b']]);
    expect(answers).toHaveLength(2);
  });

  it('ends when there is no getting through, and at once when a batch is refused', async () => {
    const away = await serverThat((ids, response) => response.end(unavailable.repeat(ids.length)));
    await expect(
      sendCommands(away.target, commands('a'), { dryRun: false, giveUpAfterMs: 100 }),
    ).rejects.toThrow('Import the file again');
    const refusing = await serverThat((_, response) =>
      response.writeHead(401).end('{"status":401,"detail":"The API key is not known."}'),
    );
    await expect(sendCommands(refusing.target, commands('a'), { dryRun: false })).rejects.toThrow(
      'The API key is not known.',
    );
    expect(refusing.batches).toHaveLength(1);
  });
});
