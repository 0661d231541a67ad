import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { ISocketFactory } from 'kafkajs';

/** Kafka's numbers for the requests that tests look out for. */
export const END_TRANSACTION = 26;
export const PRODUCE = 0;

export type Verdict =
  | 'pass'
  | 'cut' // the broker never gets it
  | 'cut the answer'; // the broker does it, and nobody hears of it

/** Stands before a broker, knows one request from another, and can hold, cut or lose each. */
export class KafkaRequestGate {
  /** Asked for each request; it goes nowhere until this has answered. */
  judge: (apiKey: number) => Verdict | Promise<Verdict> = () => 'pass';
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(private readonly brokerPort: number) {
    this.server = createServer((client) => this.join(client));
  }

  /** @returns the port it listens on */
  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const broker = connect(this.brokerPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    let deaf = false;
    broker.on('data', (bytes) => {
      if (deaf) client.destroy();
      else client.write(bytes);
    });
    let passing: Promise<void> = Promise.resolve();
    let bytes = Buffer.alloc(0);
    client.on('data', (more) => {
      bytes = Buffer.concat([bytes, more]);
      for (let size = frameSize(bytes); bytes.length >= size; size = frameSize(bytes)) {
        const frame = bytes.subarray(0, size);
        bytes = bytes.subarray(size);
        passing = passing.then(async () => {
          const verdict = await this.judge(frame.readInt16BE(4));
          if (verdict === 'cut') client.destroy();
          else {
            deaf ||= verdict === 'cut the answer';
            broker.write(frame);
          }
        });
      }
    });
  }
}

/** Of the first request in the bytes, with its length; endless while that has not arrived. */
const frameSize = (bytes: Buffer): number =>
  bytes.length < 4 ? Number.POSITIVE_INFINITY : 4 + bytes.readInt32BE(0);

/** Leads a Kafka client through a gate, whatever address the broker tells it. */
export const through =
  (gatePort: number): ISocketFactory =>
  ({ onConnect }) =>
    connect({ port: gatePort, host: '127.0.0.1', noDelay: true }, onConnect);
