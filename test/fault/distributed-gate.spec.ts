import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endsTransaction, Gate } from './distributed-gate.js';

describe('a gate', () => {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard.push(text);
      socket.write(`${text}!`);
    });
  });
  let gate: Gate;
  let port: number;

  beforeEach(async () => {
    heard.length = 0;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    gate = new Gate((server.address() as AddressInfo).port);
    port = await gate.listen();
  });

  afterEach(async () => {
    await gate.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const client = () => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.on('error', () => {});
    return {
      async ask(text: string): Promise<string> {
        socket.write(text);
        const [answer] = await Promise.race([
          once(socket, 'data'),
          once(socket, 'close').then(() => ['cut']),
        ]);
        return answer as string;
      },
    };
  };

  it('passes on what both sides say', async () => expect(await client().ask('hello')).toBe('hello!'));

  it('cuts what is connected', async () => {
    const one = client();
    await one.ask('hello');
    const next = one.ask('');
    gate.drop();
    expect(await next).toBe('cut');
    expect(await client().ask('again')).toBe('again!');
  });

  it('cuts in the middle, before the server has heard it', async () => {
    const sprung = gate.dropAt({ on: (bytes) => bytes.includes('commit'), passing: false }, 5_000);
    const one = client();
    expect(await one.ask('begin')).toBe('begin!');
    expect(await one.ask('commit')).toBe('cut');
    expect(await sprung).toBe(true);
    expect(heard).toEqual(['begin']);
  });

  it('cuts in the middle, after the server has heard it', async () => {
    const sprung = gate.dropAt({ on: (bytes) => bytes.includes('commit'), passing: true }, 5_000);
    expect(await client().ask('commit')).toBe('cut');
    expect(await sprung).toBe(true);
    while (heard.length === 0) await new Promise(setImmediate);
    expect(heard).toEqual(['commit']);
  });

  it('gives up a trap that nobody springs', async () =>
    expect(await gate.dropAt({ on: () => true, passing: true }, 20)).toBe(false));

  it('slows down', async () => {
    gate.slowDown(40);
    const started = performance.now();
    expect(await client().ask('hello')).toBe('hello!');
    expect(performance.now() - started).toBeGreaterThan(75);
  });

  it('knows the end of a transaction', () => {
    const request = Buffer.alloc(20);
    request.writeInt16BE(26, 4);
    expect(endsTransaction(request)).toBe(true);
    expect(endsTransaction(Buffer.alloc(20))).toBe(false);
  });
});
