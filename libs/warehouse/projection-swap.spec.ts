import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#platform/logging';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { eventLine } from '#test/support/event-line';
import { MemoryStream } from '#test/support/memory-stream';
import type { Projector } from './boundary.js';
import { Holds } from './landing/holds.js';
import { Landing } from './landing/landing.js';
import { parseProjection } from './projection-file.js';
import type { ProjectionSources } from './projection-status.js';
import { rebuildProjection, rollbackProjection, startProjections } from './projections.js';
import type { Warehouse } from './warehouse.js';

const DEADLINE = 25_000;

const sales = (condition: string): ProjectionSources => ({
  definitions: [
    parseProjection(
      'sales',
      `-- A row is a sale.
CREATE TABLE sales (\`offset\` UInt64 COMMENT 'Where it stands in the stream') ENGINE = MergeTree ORDER BY \`offset\` COMMENT 'Sales';

SELECT \`offset\` FROM events WHERE type = 'Sold' AND ${condition};

CREATE VIEW sales COMMENT 'Sales' AS SELECT * FROM sales;
`,
    ),
  ],
  twins: [],
  invalid: new Map(),
});

const QUICK = sales('1 = 1');
/** Takes its time for every event, so that an insert is under way while other feeds show its rows already. */
const SLOW = sales('sleepEachRow(0.9) = 0');
/** So many that this insert outlasts what a rebuild still does before the swap; the engine sleeps 3 s at most. */
const AT_ONCE = 3;

describe('at the moment at which the public views come to read another version', () => {
  const running: { stop(): Promise<unknown> }[] = [];
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });
  let stream: MemoryStream;
  let landing: Landing;
  let seen: number;
  /** What was seen less of than before. */
  let gaps: string[];

  beforeEach(async () => {
    await startProjections(warehouse, QUICK);
    stream = new MemoryStream(1);
    landing = new Landing({
      stream,
      warehouse: await warehouse.connect(),
      log: createLogger('silent'),
      writer: 'a projector',
    });
    running.push(landing);
    sell();
    expect(await landing.waitFor(0, DEADLINE)).toBe(true);
    await read();
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  const sell = () => stream.append(eventLine(stream.appended));

  const count = async (table: string, on = warehouse): Promise<number> =>
    (await on.rows<{ n: number }>(`SELECT count() AS n FROM crm.${table}`))[0]?.n ?? -1;

  /** Somebody reads the view every 10 ms, from now on to the end of the test. */
  const read = async () => {
    seen = 0;
    gaps = [];
    let reading = true;
    const connection = await warehouse.connect();
    const done = (async () => {
      while (reading) {
        const now = await count('sales', connection);
        if (now < seen) gaps.push(`${now} after ${seen}`);
        seen = now;
        await delay(10);
      }
      await connection.close();
    })();
    running.unshift({
      stop: () => {
        reading = false;
        return done;
      },
    });
  };

  /** The view shows more sales, of which the slow feed has still to make its rows. */
  const sellUnderWay = async (slow: string) => {
    const before = seen;
    for (let i = 0; i < AT_ONCE; i++) sell();
    const deadline = Date.now() + DEADLINE;
    while (seen === before && Date.now() < deadline) await delay(5);
    expect({ seen, behind: await count(slow) }).toEqual({ seen: before + AT_ONCE, behind: before });
  };

  const holds = async (): Promise<Projector> =>
    new Holds({
      warehouse: await warehouse.connect(),
      holder: 'a rebuild',
      partitions: async () => [0],
      log: createLogger('silent'),
    });

  const pausing: readonly [string, () => Promise<Projector>][] = [
    ['all projectors of a distributed set', holds],
    ['the projector of one process', async () => landing],
  ];
  for (const [whose, projectorOf] of pausing)
    it(`shows no less than before while events land (pausing ${whose})`, async () => {
      const paused = await projectorOf();
      let pauses = 0;
      const projector: Projector = {
        mayRepeat: paused.mayRepeat ?? false,
        pause: () => paused.pause(),
        resume: async () => {
          await paused.resume();
          pauses += 1;
          // After the parity of the rebuild: what follows is the swap.
          if (pauses === 2) await sellUnderWay('sales_v2');
        },
      };
      expect(await rebuildProjection(warehouse, SLOW, 'sales', projector)).toMatchObject({
        version: 2,
        parity: { rows: 1, equal: true },
      });
      expect(pauses).toBeGreaterThanOrEqual(2);
      expect(await rollbackProjection(warehouse, 'sales', paused)).toEqual({ from: 2, to: 1 });
      await sellUnderWay('sales_v2');
      expect(await rollbackProjection(warehouse, 'sales', paused)).toEqual({ from: 1, to: 2 });
      expect(await landing.waitFor(2 * AT_ONCE, DEADLINE)).toBe(true);
      expect(await count('sales')).toBe(1 + 2 * AT_ONCE);
      expect(gaps).toEqual([]);
    });
});
