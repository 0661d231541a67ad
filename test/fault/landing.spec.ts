import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { inProcessPlaces } from '#event-stream/in-process/in-process-stream';
import { randomFrom } from '#statistics/random';
import { runTs } from '#test/support/run-ts';
import { verify } from '#warehouse/verify/verify';
import { openWarehouse } from '#warehouse/warehouse';

const CHILD = 'test/fault/landing.child.ts';
const SEED = 20240501;

describe('a process that lands events', () => {
  const root = mkdtempSync(join(tmpdir(), 'perennial-'));
  afterAll(() => rmSync(root, { recursive: true }));

  /** Kills it again and again, each time at another moment, then lets it come to an end. */
  const torment = async (dir: string, kills: number, mutant: string) => {
    mkdirSync(dir);
    const random = randomFrom(SEED);
    for (let kill = 0; kill < kills; kill++) {
      const child = runTs(CHILD, [dir, 'load', mutant]);
      await child.waitForLine(/^landed/);
      // Every other time at the very moment when a batch has landed and nobody has noted it.
      if (kill % 2 === 0) await delay(random.uniform() * 300);
      await child.kill();
    }
    await runTs(CHILD, [dir, 'finish', mutant]).finished(60_000);
  };

  const check = async (dir: string) => {
    const store = new SqliteEventStore(join(dir, 'events.db'));
    const warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
    try {
      const upTo = await store.head();
      const [views] = await warehouse.rows<Record<string, number>>(
        `SELECT (SELECT count() FROM crm.rows_seen) AS rows, (SELECT uniqExact(position) FROM crm.rows_seen) AS positions,
           (SELECT sum(sales) FROM crm.sums_seen) AS sales, (SELECT sum(positions) FROM crm.sums_seen) AS summed`,
      );
      const { events, landed, differences } = await verify(store, warehouse, {
        places: inProcessPlaces,
        upTo,
      });
      return { upTo, events, landed, differences, views };
    } finally {
      await warehouse.close();
      await store.close();
    }
  };

  it(`lands every event once, there and in every view, however often it is killed (seed ${SEED})`, async () => {
    const dir = join(root, 'sound');
    await torment(dir, 10, '');
    const { upTo, ...found } = await check(dir);
    expect(upTo).toBeGreaterThan(2000);
    expect(found).toEqual({
      events: upTo,
      landed: upTo,
      differences: [],
      views: { rows: upTo, positions: upTo, sales: upTo, summed: (upTo * (upTo + 1)) / 2 },
    });
  }, 120_000);

  it('would be found out if it did not', async () => {
    const dir = join(root, 'mutant');
    await torment(dir, 4, 'forgetful');
    const { upTo, landed, differences, views } = await check(dir);
    expect(landed).toBeGreaterThan(upTo);
    expect(differences.map(({ kind }) => kind)).toContain('doubled');
    expect(views?.sales).toBeGreaterThan(upTo);
  }, 120_000);
});
