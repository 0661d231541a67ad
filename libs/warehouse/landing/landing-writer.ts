import type { Logger } from '#platform/logging';
import type { Warehouse } from '../warehouse.js';
import { setAside } from './dead-letters.js';
import { failingView, isPassing } from './engine-errors.js';
import { detachView } from './failing-view.js';
import type { Landable } from './lane.js';

export interface InsertOptions {
  /** Names the batch: whatever is inserted twice under one token is there once, here and in every view. */
  readonly token: string;
  /** A failure that may pass is left to the caller, also when it arose in a view. */
  readonly patient: boolean;
}

/** Inserts batches into crm.events and, through it, into every projection that is fed. */
export class LandingWriter {
  constructor(
    private readonly warehouse: Warehouse,
    private readonly log: Logger,
  ) {}

  /** Never splits a batch: its rows stand or fall under the one token. What cannot be landed is set aside first. */
  async land(
    partition: number,
    batch: readonly Landable[],
    { token, patient }: InsertOptions,
  ): Promise<void> {
    const letters = batch.filter(({ problem }) => problem !== undefined);
    let rows = letters.length === 0 ? batch : batch.filter(({ problem }) => problem === undefined);
    await setAside(this.warehouse, partition, letters, token);
    const detached = new Set<string>();
    while (rows.length > 0) {
      try {
        return await this.insert(rows, token);
      } catch (error) {
        if (patient && isPassing(error)) throw error;
        const view = failingView(error);
        if (view && !detached.has(view)) {
          detached.add(view);
          await this.detach(view, (error as Error).message);
          continue;
        }
        if (isPassing(error)) throw error;
        // They passed our own check: what the engine has against them only it can say.
        const refused = await this.refused(rows);
        if (refused.size === 0) throw error;
        await setAside(this.warehouse, partition, asLetters(rows, refused), `${token}-refused`);
        rows = rows.filter((_, i) => !refused.has(i));
      }
    }
  }

  private async detach(view: string, reason: string): Promise<void> {
    this.log.error(
      { view, reason },
      'A materialized view failed and is detached; its projection needs a rebuild',
    );
    await detachView(this.warehouse, view, reason);
  }

  private insert(rows: readonly Landable[], token: string): Promise<void> {
    return this.warehouse.insertLines('crm.events', rows.map(({ line }) => line).join(''), {
      insert_deduplication_token: token,
      deduplicate_blocks_in_dependent_materialized_views: 1,
    });
  }

  /** The rows that the engine does not take, by their place in the list, with its reasons. */
  async refused(rows: readonly Landable[], from = 0): Promise<Map<number, string>> {
    const reason = rows.length > 0 ? await this.tryOut(rows) : undefined;
    if (reason === undefined) return new Map();
    if (rows.length === 1) return new Map([[from, reason]]);
    const half = rows.length >> 1;
    return new Map([
      ...(await this.refused(rows.slice(0, half), from)),
      ...(await this.refused(rows.slice(half), from + half)),
    ]);
  }

  private async tryOut(rows: readonly Landable[]): Promise<string | undefined> {
    try {
      await this.warehouse.insertLines('crm.landing_trial', rows.map(({ line }) => line).join(''));
      return undefined;
    } catch (error) {
      if (isPassing(error)) throw error;
      return (error as Error).message;
    }
  }
}

const asLetters = (rows: readonly Landable[], refused: ReadonlyMap<number, string>): Landable[] =>
  rows.flatMap(({ offset, line }, i) => {
    const problem = refused.get(i);
    return problem === undefined ? [] : [{ offset, line: withoutPlace(line), problem }];
  });

/** The record as it came: what landedLine put in front is taken off again. */
const withoutPlace = (line: string): string =>
  `{${line.replace(/^\{"partition":\d+,"offset":\d+,/, '').trimEnd()}`;
