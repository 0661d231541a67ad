import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Takes the connections for a server and hands them over, so that a test can take them away. */
export class Connections {
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {}); // a client that went away
    socket.on('close', () => this.sockets.delete(socket));
    this.handOver(socket);
  });

  constructor(private readonly handOver: (socket: Socket) => void) {}

  /** @returns the port it listens on */
  async listen(port = 0): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts every connection, as a pulled cable does. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.drop();
    await once(this.server, 'close');
  }
}
