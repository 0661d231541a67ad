import { beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { eventLine } from '#test/support/event-line';
import { liveVersion } from '#test/support/live-version';
import type { Projector } from '../boundary.js';
import { record, versions } from '../projection-ledger.js';
import type { Warehouse } from '../warehouse.js';
import { Holds } from './holds.js';
import { LandingWriter } from './landing-writer.js';
import { presentOffsets } from './present.js';
import { type Repair, Repairs } from './repairs.js';
import { batchOf } from './rows.js';

const log = createLogger('silent');
const EVENTS = 12;
const LOST = [5, 7, 9];

describe('repairs', () => {
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });

  beforeEach(async () => {
    const all = Array.from({ length: EVENTS }, (_, offset) => ({
      offset,
      line: eventLine(offset),
      checked: false,
    }));
    await warehouse.insertLines('crm.events', batchOf(0, all).rows);
    await warehouse.command(
      `INSERT INTO crm.claims (partition, first, last, records, state) VALUES
         (0, 0, ${EVENTS - 1}, ${EVENTS}, 'claimed'), (0, 0, ${EVENTS - 1}, 0, 'landed')`,
    );
  });

  const lose = () => warehouse.command(`DELETE FROM crm.events WHERE offset IN (${LOST})`);
  const repairsOn = (on: Warehouse) =>
    new Repairs(on, new LandingWriter(on, log), 'refill', async (partition, rows) =>
      batchOf(
        partition,
        rows.map(({ offset }) => ({ offset, line: eventLine(offset), checked: false })),
      ),
    );
  const holds = (on: Warehouse, holder: string): Projector =>
    new Holds({ warehouse: on, holder, partitions: async () => [0], log, leaseMs: 150 });
  /** Those of some offsets that are missing. */
  const plan = (on: Warehouse, offsets: readonly number[]) => async (): Promise<Repair[]> => {
    const there = await presentOffsets(on, 0, { first: 0, last: EVENTS }, 'events');
    const rows = offsets.filter((offset) => !there.has(offset)).map((offset) => ({ offset }));
    return rows.length > 0 ? [{ partition: 0, rows }] : [];
  };
  const repair = (on: Warehouse, by: Projector, offsets: readonly number[]) =>
    repairsOn(on).repair(by, plan(on, offsets));
  const counts = async () =>
    (
      await warehouse.rows<{ rows: number; events: number }>(
        'SELECT count() AS rows, uniqExact(offset) AS events FROM crm.events',
      )
    )[0];

  it('land once what is repaired by another while one sleeps, before whichever of its statements', async () => {
    for (let statement = 1, slept = true; slept; statement++) {
      await lose();
      const sleeper = new Sleeper(statement);
      const one = holds(sleeper.blocked(warehouse), 'one');
      const repaired = repair(sleeper.counted(warehouse), one, LOST).catch((error) => error.code);
      slept = await Promise.race([sleeper.asleep.then(() => true), repaired.then(() => false)]);
      // With other rows, in the end under the same name.
      if (slept) await repair(warehouse, holds(warehouse, 'another'), statement % 2 ? [7] : [5, 9]);
      sleeper.wake();
      expect([statement, await repaired]).toEqual([statement, slept ? 'pause-lost' : LOST.length]);
      expect([statement, await counts()]).toEqual([statement, { rows: EVENTS, events: EVENTS }]);
    }
  });

  it.each([
    ['that once asked for too much memory is given another chance', 2, 'live'],
    ['that always does is detached', Number.POSITIVE_INFINITY, 'needs rebuild, because of memory'],
  ])('a view %s', async (_, failures, state) => {
    await record(warehouse, liveVersion('greedy'));
    await warehouse.command(
      `CREATE MATERIALIZED VIEW crm.greedy_v1_feed ENGINE = MergeTree ORDER BY offset
       AS SELECT offset, arraySum(range(toUInt64(6000000 + offset))) AS x FROM crm.events`,
    );
    await lose();
    const short = await warehouse.connect();
    expect(await repair(shortOfMemory(short, failures), holds(warehouse, 'one'), LOST)).toBe(LOST.length);
    await short.close();
    expect(await counts()).toEqual({ rows: EVENTS, events: EVENTS });
    const [version] = await versions(warehouse);
    const ofMemory = version?.reason.includes('while pushing to view crm.greedy_v1_feed');
    expect(ofMemory ? `${version?.state}, because of memory` : 'live').toBe(state);
  });
});

/** A process that is paused before one of its statements: until it is woken nothing of it runs, no timer either. */
class Sleeper {
  readonly asleep: Promise<void>;
  wake: () => void = () => {};
  private fallAsleep: () => void = () => {};
  private statements = 0;
  private sleeping: Promise<void> | undefined;

  /** @param statement before which it sleeps, counted from 1 */
  constructor(private readonly statement: number) {
    this.asleep = new Promise((resolve) => {
      this.fallAsleep = resolve;
    });
  }

  counted(warehouse: Warehouse): Warehouse {
    return before(warehouse, () => {
      this.statements += 1;
      if (this.statements === this.statement) {
        this.sleeping = new Promise((resolve) => {
          this.wake = resolve;
        });
        this.fallAsleep();
      }
      return this.sleeping;
    });
  }

  blocked(warehouse: Warehouse): Warehouse {
    return before(warehouse, () => this.sleeping);
  }
}

/** Waits for something before each statement. */
const before = (warehouse: Warehouse, what: () => Promise<void> | undefined): Warehouse =>
  new Proxy(warehouse, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await what();
        return value.apply(target, args);
      };
    },
  });

/** Its first inserts into crm.events have little memory. */
const shortOfMemory = (warehouse: Warehouse, inserts: number): Warehouse => {
  let left = inserts;
  return new Proxy(warehouse, {
    get: (target, name) => {
      const value = Reflect.get(target, name);
      if (name !== 'insertLines') return typeof value === 'function' ? value.bind(target) : value;
      return (...[table, lines, settings]: Parameters<Warehouse['insertLines']>) => {
        const short = table === 'crm.events' && left-- > 0;
        return target.insertLines(table, lines, {
          ...settings,
          ...(short && { max_memory_usage: '60000000' }),
        });
      };
    },
  });
};
