import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/**
 * Below those that Linux gives to connections that go out: a server that is away for a while would find its port
 * taken by one of its own clients, or a client that looks for it would be connected with itself.
 */
const PORTS = { from: 20_000, to: 32_000 };
const ATTEMPTS = 50;

/** A port of 127.0.0.1 that nobody has at this moment. */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (!(await isTaken(port))) return port;
  }
  throw new Error(`No free port was found from ${PORTS.from} to ${PORTS.to}`);
};

/** Whether somebody listens at a port of 127.0.0.1. */
export const isTaken = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'EADDRINUSE'));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(false)));
  });
