import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';

/** Which bytes of a client spring a trap, and whether they still reach the server. */
export interface Trap {
  readonly on: (bytes: Buffer) => boolean;
  readonly passing: boolean;
}

/** Stands before a server on loopback and passes bytes on; connections can be cut, now or in the middle of something. */
export class Gate {
  private readonly sockets = new Set<Socket>();
  private delayMs = 0;
  private trap: (Trap & { sprung(): void }) | undefined;
  private readonly server = createServer({ allowHalfOpen: true }, (client) => this.join(client));

  constructor(private readonly targetPort: number) {}

  /** @returns the port it listens on */
  async listen(port = 0): Promise<number> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return this.port;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Whether anybody talks to anybody. */
  get isUsed(): boolean {
    return this.sockets.size > 0;
  }

  /** Cuts every connection, as a pulled cable does. */
  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Cuts the next connection on which a client says this; false when none has until the time is up. */
  async dropAt(trap: Trap, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (sprung: boolean) => {
        clearTimeout(timer);
        this.trap = undefined;
        resolve(sprung);
      };
      const timer = setTimeout(() => end(false), withinMs);
      this.trap = { ...trap, sprung: () => end(true) };
    });
  }

  /** From now on everything takes so much longer, in both directions. */
  slowDown(delayMs: number): void {
    this.delayMs = delayMs;
  }

  async close(): Promise<void> {
    this.server.close();
    this.drop();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const target = connect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true });
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
    }
    const toTarget = this.passage((bytes) => this.springs(bytes, client, target));
    client.pipe(toTarget).pipe(target);
    target.pipe(this.passage(() => false)).pipe(client);
  }

  private passage(caught: (bytes: Buffer) => boolean): Transform {
    return new Transform({
      transform: (bytes: Buffer, _encoding, done) => {
        const pass = () => (caught(bytes) ? undefined : done(null, bytes));
        if (this.delayMs > 0) setTimeout(pass, this.delayMs);
        else pass();
      },
    });
  }

  private springs(bytes: Buffer, client: Socket, target: Socket): boolean {
    if (!this.trap?.on(bytes)) return false;
    const { passing, sprung } = this.trap;
    sprung();
    // The server may still act on what it was sent; who sent it is not told.
    if (passing) target.end(bytes, () => client.destroy());
    else client.destroy();
    return true;
  }
}

/** The request of the Kafka protocol that ends a transaction: its kind stands behind the length. */
const END_TRANSACTION = 26;
const KIND_AT = 4;

export const endsTransaction = (bytes: Buffer): boolean =>
  bytes.length > KIND_AT + 2 && bytes.readInt16BE(KIND_AT) === END_TRANSACTION;

/** An insert over HTTP whose head says so. */
export const inserts = (bytes: Buffer): boolean =>
  /^POST [^\r]*INSERT/i.test(bytes.subarray(0, 2048).toString('latin1'));
