import { setTimeout as delay } from 'node:timers/promises';
import { DatabaseUnavailable } from './errors.js';
import type { Connection, Postgres } from './postgres.js';

/** One process's time as the leader. */
export interface Term {
  /** Aborted when another process may lead by now. */
  readonly lost: AbortSignal;
  /** Lets another process lead. */
  end(): Promise<void>;
}

/** Of the processes that compete under one name, one leads at a time. */
export interface Leadership {
  /** Waits for its turn, also while the database cannot be reached; undefined when the signal came first. */
  acquire(signal: AbortSignal): Promise<Term | undefined>;
}

export interface LeadershipOptions {
  /** How often whoever waits asks, and whoever leads makes sure of its connection. */
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
/** A connection that does not answer for so many times as long is given up. */
const PATIENCE = 5;

/**
 * By an advisory lock that lives as long as a connection: PostgreSQL gives it to the next when the leader's connection
 * ends, however that came. For a moment two may believe that they lead, so what they do must bear that.
 */
export const postgresLeadership = (
  postgres: Postgres,
  name: string,
  { everyMs = EVERY_MS }: LeadershipOptions = {},
): Leadership => ({
  acquire: async (signal) => {
    while (!signal.aborted) {
      const connection = await connected(postgres, signal, everyMs);
      if (!connection) continue;
      if (await gained(connection, name, signal, everyMs)) {
        void watch(connection, everyMs);
        return { lost: connection.lost, end: () => connection.close() };
      }
      await connection.close();
    }
    return undefined;
  },
});

const connected = async (
  postgres: Postgres,
  signal: AbortSignal,
  everyMs: number,
): Promise<Connection | undefined> => {
  try {
    return await postgres.connect();
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) throw error;
    postgres.log.warn({ err: error }, 'Nobody can become the leader');
    await pause(everyMs, signal);
    return undefined;
  }
};

/** False when the connection is of no use any more. */
const gained = async (
  connection: Connection,
  name: string,
  signal: AbortSignal,
  everyMs: number,
): Promise<boolean> => {
  while (!signal.aborted) {
    const answer = await answerOf(
      connection.query<{ mine: boolean }>(
        "SELECT pg_try_advisory_lock(hashtextextended('perennial leader of ' || $1, 0)) AS mine",
        [name],
      ),
      everyMs,
    );
    if (!answer) return false;
    if (answer.rows[0]?.mine) return true;
    await pause(everyMs, signal);
  }
  return false;
};

/** Ends the term when the server no longer answers. */
const watch = async (connection: Connection, everyMs: number): Promise<void> => {
  while (!connection.lost.aborted) {
    await pause(everyMs, connection.lost);
    if (connection.lost.aborted) return;
    if (!(await answerOf(connection.query('SELECT 1'), everyMs))) await connection.close();
  }
};

/** Undefined when there is none, or none in time. */
const answerOf = async <T>(answer: Promise<T>, everyMs: number): Promise<T | undefined> => {
  const time = new AbortController();
  try {
    return await Promise.race([answer, pause(PATIENCE * everyMs, time.signal)]);
  } catch (error) {
    if (error instanceof DatabaseUnavailable) return undefined;
    throw error;
  } finally {
    time.abort();
    answer.catch(() => {}); // one that comes too late
  }
};

const pause = async (ms: number, signal: AbortSignal): Promise<undefined> => {
  await delay(ms, undefined, { signal }).catch(() => undefined);
  return undefined;
};
