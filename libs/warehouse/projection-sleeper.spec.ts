import { beforeEach, describe, expect, it } from '@jest/globals';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { noProjector, type Projector } from './boundary.js';
import { detachView, markAllForRebuild } from './landing/failing-view.js';
import { parseProjection } from './projection-file.js';
import { isLive, versions } from './projection-ledger.js';
import { type ProjectionSources, projectionStatus } from './projection-status.js';
import { rebuildProjection, removeOldVersions, rollbackProjection, startProjections } from './projections.js';
import type { Warehouse } from './warehouse.js';

const sources: ProjectionSources = {
  definitions: [
    parseProjection(
      'sales',
      `-- A row is a sale.
CREATE TABLE sales (\`offset\` UInt64 COMMENT 'Where it stands in the stream') ENGINE = MergeTree ORDER BY \`offset\` COMMENT 'Sales';

SELECT \`offset\` FROM events WHERE type = 'Sold';

CREATE VIEW sales COMMENT 'Sales' AS SELECT * FROM sales;
`,
    ),
  ],
  twins: [],
  invalid: new Map(),
};

/** At the first such statement its process sleeps, while others do something. */
const asleepAt = (real: Warehouse, step: RegExp, meanwhile: () => Promise<unknown>): Warehouse => {
  let slept = false;
  const pass = async (statement: string): Promise<void> => {
    if (slept || !step.test(statement)) return;
    slept = true;
    await meanwhile();
  };
  const wrapped = (connection: Warehouse): Warehouse =>
    Object.assign(Object.create(connection), {
      command: async (...[sql, params]: Parameters<Warehouse['command']>) => {
        await pass(sql);
        return connection.command(sql, params);
      },
      rows: async (...[sql, params]: Parameters<Warehouse['rows']>) => {
        await pass(sql);
        return connection.rows(sql, params);
      },
      insertLines: async (...[table, lines, settings]: Parameters<Warehouse['insertLines']>) => {
        await pass(`insert ${table} ${lines}`);
        return connection.insertLines(table, lines, settings);
      },
      connect: async () => wrapped(await connection.connect()),
    }) as Warehouse;
  return wrapped(real);
};

const RECORDED = /^insert crm\.projections .*"live"/s;
const SWAPPED = /^CREATE OR REPLACE VIEW crm\.sales\b.*sales_v2/s;

describe('whoever sleeps in the midst of changing a projection, while others change it,', () => {
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });
  let nothing: Projector;

  beforeEach(async () => {
    nothing = noProjector(warehouse);
    await warehouse.command(
      "INSERT INTO crm.events (`partition`, `offset`, type) SELECT 0, number, 'Sold' FROM numbers(3)",
    );
    await startProjections(warehouse, sources);
  });

  const rebuild = (on = warehouse, projector = nothing) => rebuildProjection(on, sources, 'sales', projector);
  /** As one who comes after the lease of whoever builds is over. */
  const settleAlone = () => startProjections(warehouse, sources);

  const state = async () => {
    const known = await versions(warehouse, 'sales');
    const [made] = await warehouse.rows<{ sql: string }>(
      "SELECT create_table_query AS sql FROM system.tables WHERE database = 'crm' AND name = 'sales'",
    );
    const [count] = await warehouse.rows<{ n: number }>('SELECT count() AS n FROM crm.sales');
    return {
      live: known.filter(isLive).map(({ version }) => version),
      read: Number(/sales_v(\d+)/.exec(made?.sql ?? '')?.[1]),
      rows: count?.n,
    };
  };
  const running = (version: number) => ({ live: [version], read: version, rows: 3 });

  /** Whatever is left must let those who come after go on. */
  const goesOn = async () => {
    const { version } = await rebuild();
    expect(await state()).toEqual(running(version));
    await removeOldVersions(warehouse, 'sales', nothing);
    expect(await state()).toEqual(running(version));
  };

  for (const [when, step] of [
    ['before it looks for its number', /^SELECT max\(sequence\)/],
    ['before its table is made', /^CREATE TABLE crm\.sales_v2 /],
    ['before its feed is attached', /^CREATE MATERIALIZED VIEW crm\.sales_v2_gate/],
    ['before the ledger is written', RECORDED],
  ] as const)
    it(`${when}, and whose build is dropped, does not make it run`, async () => {
      const slept = asleepAt(warehouse, step, settleAlone);
      await rebuild(slept).catch((error: Error) =>
        expect(error.message).toMatch(/given up|interrupted|does ?n.t exist|does not exist/i),
      );
      const { live, read, rows } = await state();
      expect({ live: live.length, read, rows }).toEqual({ live: 1, read: live[0], rows: 3 });
      await goesOn();
    });

  it('for so long that the engine has forgotten the number of its decision, does not make it run', async () => {
    const slept = asleepAt(warehouse, RECORDED, async () => {
      await settleAlone();
      await warehouse.command(
        'ALTER TABLE crm.projections MODIFY SETTING non_replicated_deduplication_window = 0',
      );
    });
    await expect(rebuild(slept)).rejects.toThrow(/given up meanwhile/);
    const [row] = await warehouse.rows<{ n: number }>(
      "SELECT count() AS n FROM crm.projections WHERE version = 2 AND state = 'live'",
    );
    expect(row?.n).toBe(1); // It came in, and does not count.
    expect(await state()).toEqual(running(1));
    await goesOn();
  });

  it('before the views are swapped, leaves those that others made since', async () => {
    const slept = asleepAt(warehouse, SWAPPED, () => rebuild());
    await rebuild(slept);
    expect(await state()).toEqual(running(3));
    await goesOn();
  });

  it('when it rolls back, leaves what others made to run since', async () => {
    for (const step of [RECORDED, /^CREATE OR REPLACE VIEW crm\.sales\b/]) {
      await rebuild();
      let made = 0;
      const slept = asleepAt(warehouse, step, async () => {
        made = (await rebuild()).version;
      });
      const rolled = await rollbackProjection(slept, 'sales', nothing);
      const { live, read, rows } = await state();
      expect({ read, rows, live }).toEqual({ ...running(read) });
      expect([rolled.to, made]).toContain(live[0]);
      await goesOn();
    }
  });

  it('when its views alone change, does not bring an old version back', async () => {
    const changed: ProjectionSources = {
      ...sources,
      definitions: sources.definitions.map((one) => ({
        ...one,
        views: one.views.map((view) => ({ ...view, comment: 'All sales' })),
      })),
    };
    await startProjections(
      asleepAt(warehouse, RECORDED, () => rebuild()),
      changed,
    );
    expect(await state()).toEqual(running(2));
    expect((await projectionStatus(warehouse, changed))[0]).toMatchObject({ state: 'current', version: 2 });
  });

  it('and comes to settle, drops nothing that runs by now', async () => {
    const slept = asleepAt(warehouse, /^insert crm\.projections .*"failed"/s, () => rebuild());
    const begun = asleepAt(warehouse, RECORDED, async () => {
      await startProjections(slept, sources);
    });
    await rebuild(begun).catch(() => {});
    const { live, read } = await state();
    expect(live).toEqual([read]);
    await goesOn();
  });

  it('is told what is true when a pause was lost after the swap', async () => {
    let pauses = 0;
    const losing: Projector = {
      pause: () => nothing.pause(),
      resume: () => {
        pauses += 1;
        if (pauses === 3) throw new Error('the pause did not hold');
      },
    };
    expect(await rebuild(warehouse, losing)).toMatchObject({ version: 2 });
    expect(await state()).toEqual(running(2));
    await expect(
      rollbackProjection(warehouse, 'sales', {
        pause: () => nothing.pause(),
        resume: () => {
          throw new Error('the pause did not hold');
        },
      }),
    ).resolves.toEqual({ from: 2, to: 1 });
  });

  it('is refused when the views cannot follow: the version before runs again', async () => {
    const failing = Object.assign(Object.create(warehouse), {
      connect: async () => {
        const real = await warehouse.connect();
        return Object.assign(Object.create(real), {
          command: async (sql: string, params?: Parameters<Warehouse['command']>[1]) => {
            if (SWAPPED.test(sql)) throw new Error('no such view can be');
            return real.command(sql, params);
          },
        });
      },
    }) as Warehouse;
    await expect(rebuild(failing)).rejects.toThrow(/no such view can be/);
    expect(await state()).toEqual(running(1));
    await goesOn();
  });

  it('marks the version that runs by then, and what is being built never comes to run', async () => {
    const late = asleepAt(warehouse, /^insert crm\.projections .*"needs rebuild"/s, () => rebuild());
    await markAllForRebuild(late, 'events came later');
    const statusOf = async () => (await projectionStatus(warehouse, sources))[0];
    expect(await statusOf()).toMatchObject({ version: 2, state: 'needs rebuild' });

    const marking = asleepAt(warehouse, RECORDED, () => markAllForRebuild(warehouse, 'events came again'));
    await expect(rebuild(marking)).rejects.toThrow(/events came again/);
    expect(await statusOf()).toMatchObject({
      version: 2,
      state: 'needs rebuild',
      reason: 'events came again',
    });
    await goesOn();
    expect(await statusOf()).toMatchObject({ state: 'current' });
  });

  it('finds that a gate that fails is marked as its feed would be', async () => {
    await detachView(warehouse, 'crm.sales_v1_gate', 'a type that cannot be');
    expect((await projectionStatus(warehouse, sources))[0]).toMatchObject({
      state: 'needs rebuild',
      reason: 'a type that cannot be',
    });
  });
});
