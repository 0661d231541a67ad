import { connect, createServer } from 'node:net';

/** Below those that systems give to connections that go out. */
const LOWEST_PORT = 10_000;
const HIGHEST_PORT = 16_000;

/** Ports that stay free while nobody listens: those of connections that go out are taken from elsewhere. */
export const fixedPorts = async (count: number): Promise<number[]> => {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = LOWEST_PORT + Math.floor(Math.random() * (HIGHEST_PORT - LOWEST_PORT));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Fails unless it answers, and content. */
export const ok = async (url: string): Promise<void> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  await response.text();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
};

/** Fails unless somebody listens. */
export const listens = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
