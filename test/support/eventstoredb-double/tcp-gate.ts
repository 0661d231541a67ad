import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands before a server on loopback and passes bytes on, so that a test can take the connections away. */
export class TcpGate {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((client) => {
    const target = connect(this.targetPort, '127.0.0.1');
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });

  constructor(private readonly targetPort: number) {}

  /** @returns the port it listens on */
  async listen(port = 0): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts every connection, as a pulled cable does. */
  dropConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.server.close();
    this.dropConnections();
    await once(this.server, 'close');
  }
}
