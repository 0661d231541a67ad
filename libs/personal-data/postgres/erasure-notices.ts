import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailable } from '#postgres/errors';
import type { Connection, Postgres } from '#postgres/postgres';

/** Who remembers keys. */
export interface Forgetful {
  forget(owners: readonly string[]): void;
  /** Notices may have been missed. */
  forgetAll(): void;
}

const CHANNEL = 'perennial_erasures';
const RECONNECT_AFTER_MS = 1_000;

/** Within the transaction of the erasure, so that it is heard when it is so. */
export const NOTIFY = `SELECT pg_notify('${CHANNEL}', owner) FROM unnest($1::text[]) AS erased (owner)`;

/** Hears of every erasure by any process, over a connection of its own that is made again when it breaks. */
export class ErasureNotices {
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;

  /** @throws DatabaseUnavailable */
  static async start(postgres: Postgres, forgetful: Forgetful): Promise<ErasureNotices> {
    return new ErasureNotices(postgres, forgetful, await listen(postgres, forgetful));
  }

  private constructor(
    private readonly postgres: Postgres,
    private readonly forgetful: Forgetful,
    connection: Connection,
  ) {
    this.ended = this.run(connection);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
  }

  private async run(first: Connection): Promise<void> {
    const { signal } = this.stopping;
    for (let connection: Connection | undefined = first; !signal.aborted; connection = await this.again()) {
      if (!connection) continue;
      await either(connection.lost, signal);
      await connection.close();
      if (!signal.aborted)
        this.postgres.log.warn({}, 'Erasures by other processes are not heard; keys expire by their age');
    }
  }

  private async again(): Promise<Connection | undefined> {
    try {
      return await listen(this.postgres, this.forgetful);
    } catch (error) {
      if (!(error instanceof DatabaseUnavailable)) throw error;
      await delay(RECONNECT_AFTER_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      return undefined;
    }
  }
}

const listen = async (postgres: Postgres, forgetful: Forgetful): Promise<Connection> => {
  const connection = await postgres.connect();
  connection.onNotification((_channel, owner) => forgetful.forget([owner]));
  try {
    await connection.query(`LISTEN ${CHANNEL}`);
  } catch (error) {
    await connection.close();
    throw error;
  }
  forgetful.forgetAll();
  return connection;
};

const either = (one: AbortSignal, other: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const both = AbortSignal.any([one, other]);
    if (both.aborted) resolve();
    else both.addEventListener('abort', () => resolve(), { once: true });
  });
