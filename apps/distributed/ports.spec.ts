import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { demandFreePorts } from './ports.js';
import { freePort } from './servers/free-port.js';

describe('the ports of the applications', () => {
  let somebody: Server;
  let taken: number;

  beforeAll(async () => {
    somebody = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => somebody.once('listening', resolve));
    taken = (somebody.address() as { port: number }).port;
  });

  afterAll(() => new Promise((resolve) => somebody.close(resolve)));

  it('are refused all at once when they are taken, each with the option that names another', async () => {
    const free = await freePort();
    const ports = { 'command-api': free, analytics: 0, relay: taken, projector: free };
    await expect(demandFreePorts(ports)).rejects.toThrow(
      [
        `Port ${taken} is taken: choose another for relay with --relay-port, or 0 for any free one.`,
        `Port ${free} is that of command-api already: choose another for projector with --projector-port, or 0 for any free one.`,
      ].join('\n'),
    );
    await expect(demandFreePorts({ ...ports, 'command-api': taken, relay: 0 })).rejects.toThrow(
      /^Port \d+ is taken: choose another for command-api with --port,/,
    );
  });

  it('are taken as they are when they are free', async () => {
    await demandFreePorts({ 'command-api': await freePort(), analytics: 0, relay: 0, projector: 0 });
  });
});
