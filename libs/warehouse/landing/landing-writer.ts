import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '#platform/logging';
import { WriteRefused } from '../connection.js';
import type { Warehouse } from '../warehouse.js';
import { setAside } from './dead-letters.js';
import { failingView, isPassing, isPerhapsOfTheView } from './engine-errors.js';
import { detachView } from './failing-view.js';
import { asLetter, type Batch, linesOf } from './rows.js';

export interface InsertOptions {
  /** Names the batch: whatever is inserted twice under one token is there once, here and in every view. */
  readonly token: string;
  /** Also a failure that a view may bring about every time is left to the caller as one that may pass. */
  readonly patient: boolean;
}

export interface Written {
  /** Rows in crm.events. */
  readonly records: number;
  readonly deadLetters: number;
}

/** So often a view may ask for too much before it is detached, lest it stop everything. */
export const MOST_STRIKES = 4;
const STRIKE_BACK_OFF_MS = 100;

/** Inserts batches into crm.events and, through it, into every projection that is fed. */
export class LandingWriter {
  constructor(
    private readonly warehouse: Warehouse,
    private readonly log: Logger,
  ) {}

  /** Never splits a batch: its rows stand or fall under the one token. What cannot be landed is set aside first. */
  async land(partition: number, batch: Batch, { token, patient }: InsertOptions): Promise<Written> {
    let { rows } = batch;
    let deadLetters = batch.letters.length;
    const detached = new Set<string>();
    await setAside(this.warehouse, partition, batch.letters, token);
    while (rows.length > 0) {
      try {
        await this.insert(rows, token);
        break;
      } catch (error) {
        if (error instanceof WriteRefused) throw error;
        if (isPassing(error) && (patient || !isPerhapsOfTheView(error))) throw error;
        const view = failingView(error);
        if (view && !detached.has(view)) {
          detached.add(view);
          await this.detach(view, (error as Error).message);
          continue;
        }
        if (isPassing(error)) throw error;
        const before = linesOf(rows).length;
        rows = await this.withoutRefused(partition, { ...batch, rows }, token, error);
        deadLetters += before - (rows.length > 0 ? linesOf(rows).length : 0);
      }
    }
    return { records: batch.records - deadLetters, deadLetters };
  }

  /** For those who do not wait for the warehouse: but a view may ask for too much as often as when events land. */
  async landPatiently(partition: number, batch: Batch, token: string): Promise<Written> {
    for (let strikes = 0; ; strikes++) {
      try {
        return await this.land(partition, batch, { token, patient: strikes < MOST_STRIKES });
      } catch (error) {
        if (strikes === MOST_STRIKES || !isPerhapsOfTheView(error)) throw error;
      }
      await delay(STRIKE_BACK_OFF_MS * 2 ** strikes);
    }
  }

  /** The rows passed our own check: what the engine has against some of them only it can say. */
  private async withoutRefused(
    partition: number,
    { rows, origins }: Batch,
    token: string,
    error: unknown,
  ): Promise<Buffer> {
    const lines = linesOf(rows);
    const refused = await this.refused(lines);
    if (refused.size === 0) throw error;
    const letters = [...refused].map(([i, reason]) => asLetter(lines[i]!, reason, origins));
    await setAside(this.warehouse, partition, letters, `${token}-refused`);
    return Buffer.from(lines.filter((_, i) => !refused.has(i)).join(''));
  }

  private insert(rows: Buffer, token: string): Promise<void> {
    return this.warehouse.insertLines('crm.events', rows, {
      insert_deduplication_token: token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
      // A view costs some milliseconds whatever the size of the batch; side by side they are through sooner.
      parallel_view_processing: 1,
    });
  }

  private async detach(view: string, reason: string): Promise<void> {
    this.log.error(
      { view, reason },
      'A materialized view failed and is detached; its projection needs a rebuild',
    );
    await detachView(this.warehouse, view, reason);
  }

  /** The rows that the engine does not take, by their place in the list, with its reasons. */
  async refused(lines: readonly string[], from = 0): Promise<Map<number, string>> {
    const reason = lines.length > 0 ? await this.tryOut(lines) : undefined;
    if (reason === undefined) return new Map();
    if (lines.length === 1) return new Map([[from, reason]]);
    const half = lines.length >> 1;
    return new Map([
      ...(await this.refused(lines.slice(0, half), from)),
      ...(await this.refused(lines.slice(half), from + half)),
    ]);
  }

  private async tryOut(lines: readonly string[]): Promise<string | undefined> {
    try {
      await this.warehouse.insertLines('crm.landing_trial', lines.join(''));
      return undefined;
    } catch (error) {
      if (isPassing(error) || error instanceof WriteRefused) throw error;
      return (error as Error).message;
    }
  }
}
