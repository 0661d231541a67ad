import type { EngineConnection } from './engine.js';
import { CODES, exception } from './exception.js';
import type { QueryRequest } from './request.js';

interface Session {
  readonly connection: EngineConnection;
  busy: boolean;
  expiry?: NodeJS.Timeout;
}

const MOST_SESSIONS = 100;

/** Connections that stay, with their temporary tables and SET, until nobody has used them for a while. */
export class Sessions {
  private readonly open = new Map<string, Session>();

  constructor(private readonly connect: () => EngineConnection) {}

  /** @throws ClickHouseException when the session is in use, is not there but must be, or is one too many */
  async use<Result>(
    { id, timeoutSeconds, mustExist }: NonNullable<QueryRequest['session']>,
    work: (connection: EngineConnection) => Promise<Result>,
  ): Promise<Result> {
    const session = this.open.get(id) ?? this.opened(id, mustExist);
    if (session.busy)
      throw exception(
        CODES.sessionLocked,
        'SESSION_IS_LOCKED',
        `Session ${id} is locked by a concurrent client`,
      );
    clearTimeout(session.expiry);
    session.busy = true;
    try {
      return await work(session.connection);
    } catch (error) {
      // What a failed query had put out stays in the engine, before the answer to the next one.
      await session.connection.run('SELECT 1 FORMAT Null').catch(() => undefined);
      throw error;
    } finally {
      session.busy = false;
      session.expiry = setTimeout(() => this.close(id), timeoutSeconds * 1000).unref();
    }
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.open.keys()].map((id) => this.close(id)));
  }

  private opened(id: string, mustExist: boolean): Session {
    if (mustExist) throw exception(CODES.sessionNotFound, 'SESSION_NOT_FOUND', `Session ${id} not found`);
    if (this.open.size >= MOST_SESSIONS)
      throw exception(
        CODES.tooManyQueries,
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `${MOST_SESSIONS} sessions are open`,
      );
    const session = { connection: this.connect(), busy: false };
    this.open.set(id, session);
    return session;
  }

  private async close(id: string): Promise<void> {
    const session = this.open.get(id);
    this.open.delete(id);
    clearTimeout(session?.expiry);
    await session?.connection.close();
  }
}
