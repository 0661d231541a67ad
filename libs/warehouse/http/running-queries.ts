import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineConnection } from './engine.js';
import { CODES, exception } from './exception.js';
import { quoted } from './request.js';
import { QUERY_ID } from './statement.js';

const AGAIN_MS = 100;

/** The queries under way by the ids of their senders; one that nobody waits for any more is killed. */
export class RunningQueries {
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(private readonly connect: () => EngineConnection) {}

  /** @throws ClickHouseException when a query of this id runs already */
  async run<Result>(id: string, work: () => Promise<Result>): Promise<Result> {
    if (this.running.has(id))
      throw exception(
        CODES.sameQueryId,
        'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING',
        `Query with id = ${id} is already running.`,
      );
    const result = work();
    this.running.set(id, result);
    try {
      return await result;
    } finally {
      this.running.delete(id);
    }
  }

  /** Until it has ended: it may just be on its way into the engine, where a kill does not find it yet. */
  async kill(id: string): Promise<void> {
    await this.killWhile(() => this.running.has(id), `${QUERY_ID} = ${quoted(id)}`);
  }

  /** Once none runs. */
  async ended(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled(this.running.values());
  }

  async killAll(): Promise<void> {
    await this.killWhile(() => this.running.size > 0, 'query_id != queryID()');
  }

  private async killWhile(isRunning: () => boolean, which: string): Promise<void> {
    if (!isRunning()) return;
    const connection = this.connect();
    try {
      while (isRunning()) {
        await connection.run(`KILL QUERY WHERE ${which} ASYNC`);
        await sleep(AGAIN_MS);
      }
    } finally {
      await connection.close();
    }
  }
}
