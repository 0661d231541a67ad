import { setTimeout as delay } from 'node:timers/promises';
import { randomFrom } from '#statistics/random';
import type { ProcessPart } from './distributed-part.js';
import { type Acknowledged, Client, type Server } from './standalone-client.js';
import { Storyteller } from './standalone-stories.js';

const SINGLE_WRITERS = 4;
const BATCH_WRITERS = 2;
const LOOK_EVERY_MS = 25;

/** Applications that send commands without pause, though no faster than a rate: they are not what is to be slow. */
export class Load {
  private readonly clients: Client[];
  private readonly sending: Promise<unknown>;
  private goesOn = true;

  constructor(part: ProcessPart, url: string, seed: number, requestsPerSecond: number) {
    const server = new Paced(part, url, requestsPerSecond);
    this.clients = Array.from({ length: SINGLE_WRITERS + BATCH_WRITERS }, (_, i) => {
      const name = `writer${i}`;
      return new Client(name, server, new Storyteller(name, randomFrom(seed + i)), randomFrom(seed - 1 - i));
    });
    const goesOn = () => this.goesOn;
    this.sending = Promise.all(
      this.clients.map((client, i) =>
        i < SINGLE_WRITERS ? client.sendSingly(goesOn) : client.sendBatches(goesOn),
      ),
    );
    this.sending.catch(() => {}); // seen by whoever ends it
  }

  get acknowledged(): Acknowledged[] {
    return this.clients.flatMap((client) => client.acknowledged);
  }

  get acknowledgements(): number {
    return this.clients.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  get resent(): number {
    return this.clients.reduce((sum, { resent }) => sum + resent, 0);
  }

  /** Answers that no valid command may get. */
  get unexpected(): string[] {
    return this.clients.flatMap(({ unexpected }) => unexpected);
  }

  /** Every writer comes to the end of its story; fails when one cannot. */
  async end(withinMs: number): Promise<void> {
    this.goesOn = false;
    const late = new AbortController();
    await Promise.race([
      this.sending,
      delay(withinMs, undefined, { signal: late.signal }).then(() => {
        throw new Error(`a writer waits for an answer ${withinMs} ms after the last fault`);
      }),
    ]).finally(() => late.abort());
  }
}

/** Lets requests through one after the other at a rate, and none while nothing listens. */
class Paced implements Server {
  private turn = Promise.resolve();

  constructor(
    private readonly part: ProcessPart,
    private readonly address: string,
    private readonly perSecond: number,
  ) {}

  async url(): Promise<string> {
    this.turn = this.turn.then(async () => {
      await delay(1000 / this.perSecond);
      while (!this.part.isUp) await delay(LOOK_EVERY_MS);
    });
    await this.turn;
    return this.address;
  }
}
