import { beforeEach, describe, expect, it } from '@jest/globals';
import { withEmptyWarehouse } from '#test/support/empty-warehouse';
import { type Boundary, noProjector, type Projector } from './boundary.js';
import { parseProjection } from './projection-file.js';
import { begin, detachFeed, markNeedsRebuild, record, versions } from './projection-ledger.js';
import type { ProjectionSources } from './projection-status.js';
import { projectionStatus } from './projection-status.js';
import { dropProjection, openFeeds } from './projection-upkeep.js';
import { rebuildProjection, removeOldVersions, rollbackProjection, startProjections } from './projections.js';
import type { Warehouse } from './warehouse.js';

const sales = (
  expression: string,
  comment = 'Amount',
) => `-- A row is a sale: the smallest projection there is.
CREATE TABLE sales (
    \`offset\` UInt64 COMMENT 'Where it stands in the stream',
    amount Nullable(Decimal(18, 4)) COMMENT '${comment}'
) ENGINE = MergeTree ORDER BY \`offset\` COMMENT 'Sales';

SELECT \`offset\`, toDecimal64OrNull(${expression}, 4) AS amount FROM events WHERE type = 'Sold';

CREATE VIEW sales COMMENT 'Sales' AS SELECT * FROM sales;
`;

const sources = (...sqls: readonly string[]): ProjectionSources => ({
  definitions: sqls.map((sql) => parseProjection(/CREATE \w+ (\w+)/.exec(sql)?.[1] ?? '', sql)),
  twins: [],
  invalid: new Map(),
});

const V1 = ['sales', 'sales_v1', 'sales_v1_feed', 'sales_v1_gate', 'sales_v1_gated'];

const first = sources(sales(`JSONExtractString(data, 'amount')`));
const second = sources(sales(`JSONExtractString(data, 'total')`));

describe('a projection', () => {
  let warehouse: Warehouse;
  withEmptyWarehouse((opened) => {
    warehouse = opened;
  });
  let next: number;
  let landed = 0;

  beforeEach(async () => {
    next = 0;
  });

  const land = async (count: number, on = warehouse) => {
    const lines = Array.from({ length: count }, () => {
      const offset = next++;
      const data = JSON.stringify({ amount: '1', total: '2' });
      const at = '2024-05-01T10:00:00Z';
      return JSON.stringify({
        partition: offset % 2,
        offset,
        position: offset,
        event_id: '00000000-0000-4000-8000-000000000000',
        stream: `sale-${offset}`,
        type: 'Sold',
        business_date: '2024-05-01',
        occurred_at: at,
        recorded_at: at,
        data,
      });
    });
    const token = `batch-${landed++}`;
    await on.insertLines('crm.events', lines.join('\n'), { insert_deduplication_token: token });
    return { lines: lines.join('\n'), token };
  };

  const total = async () => {
    const [row] = await warehouse.rows<{ total: string | null; n: number }>(
      'SELECT toString(sum(amount)) AS total, count() AS n FROM crm.sales',
    );
    return row && { n: row.n, total: Number(row.total) };
  };

  const statusOf = async (from: ProjectionSources) => (await projectionStatus(warehouse, from))[0];

  it('is simply made in an empty warehouse, and follows the events', async () => {
    expect(await startProjections(warehouse, first)).toEqual([
      { name: 'sales', state: 'current', version: 1, standby: undefined, reason: '' },
    ]);
    await land(10);
    expect(await total()).toEqual({ n: 10, total: 10 });
  });

  it('that is new in a warehouse with events is filled before anything reads it', async () => {
    const repeated = await land(10);
    await startProjections(warehouse, first);
    await land(5);
    expect(await total()).toEqual({ n: 15, total: 15 });
    // A batch from before the feed was made is sent again, because nobody knows whether it arrived.
    await warehouse.insertLines('crm.events', repeated.lines, { insert_deduplication_token: repeated.token });
    expect(await total()).toEqual({ n: 15, total: 15 });
  });

  it('that was built at a start takes later repairs, too, once its feed is open', async () => {
    await land(10);
    await startProjections(warehouse, first);
    const repaired = async () => {
      next = 3; // offsets of before the boundary
      await land(1);
      return (await total())?.n;
    };
    expect(await repaired()).toBe(10);
    expect(await openFeeds(warehouse, first, noProjector(warehouse))).toEqual(['sales']);
    expect(await repaired()).toBe(11);
    expect(await openFeeds(warehouse, first, noProjector(warehouse))).toEqual([]);
  });

  it('whose file changed goes on as it was until it is rebuilt, and can be rolled back to and fro', async () => {
    await startProjections(warehouse, first);
    await land(10);
    expect((await startProjections(warehouse, second))[0]).toMatchObject({ state: 'changed', version: 1 });
    expect(await total()).toEqual({ n: 10, total: 10 });

    expect(await rebuildProjection(warehouse, second, 'sales', noProjector(warehouse))).toEqual({
      name: 'sales',
      version: 2,
      parity: { rows: 10, expectedRows: 10, equal: true },
      difference: {
        rowsBefore: 10,
        rowsAfter: 10,
        columnsAdded: [],
        columnsRemoved: [],
        columnsDiffering: ['amount'],
      },
      removed: [],
    });
    expect(await total()).toEqual({ n: 10, total: 20 });
    await land(1);
    expect(await rollbackProjection(warehouse, 'sales', noProjector(warehouse))).toEqual({ from: 2, to: 1 });
    expect(await total()).toEqual({ n: 11, total: 11 });
    expect(await statusOf(second)).toMatchObject({ state: 'changed', version: 1, standby: 2 });
    await land(1);
    expect(await rollbackProjection(warehouse, 'sales', noProjector(warehouse))).toEqual({ from: 1, to: 2 });
    expect(await total()).toEqual({ n: 12, total: 24 });

    const { removed } = await rebuildProjection(warehouse, second, 'sales', noProjector(warehouse));
    expect(removed).toEqual([1]);
    expect(await total()).toEqual({ n: 12, total: 24 });
  });

  it('takes new views and comments at once: they change no row', async () => {
    await startProjections(warehouse, first);
    await startProjections(warehouse, sources(sales(`JSONExtractString(data, 'amount')`, 'How much')));
    expect(await statusOf(first)).toMatchObject({ version: 1 });
    expect(
      await warehouse.rows(
        "SELECT table, comment FROM system.columns WHERE database = 'crm' AND name = 'amount' ORDER BY table",
      ),
    ).toContainEqual({ table: 'sales', comment: 'How much' });
  });

  it('is rebuilt while events land, without losing or doubling one', async () => {
    await startProjections(warehouse, first);
    await land(1000);
    const projector = busyProjector(await warehouse.connect());
    const progress: string[] = [];
    const rebuilt = await rebuildProjection(warehouse, second, 'sales', projector, {
      onProgress: ({ phase, done, of }) => progress.push(`${phase} ${done}/${of}`),
    });
    await projector.stop();
    expect(rebuilt.parity.equal).toBe(true);
    expect(progress).toEqual(['backfill 0/2', 'backfill 1/2', 'backfill 2/2', 'parity 0/1', 'parity 1/1']);
    // For the feed, for the parity, for the swap.
    expect(projector.pauses()).toBe(3);
    expect(next).toBeGreaterThan(1000);
    expect(await total()).toEqual({ n: next, total: 2 * next });
  });

  /** Lands one small batch after the other, each perhaps twice, and stops between two of them when asked. */
  const busyProjector = (connection: Warehouse) => {
    let pauses = 0;
    let running = true;
    let wanted: ((boundary: Boundary) => void) | undefined;
    let released: (() => void) | undefined;
    const work = async () => {
      while (running) {
        const { lines, token } = await land(7, connection);
        await connection.insertLines('crm.events', lines, { insert_deduplication_token: token });
        if (!wanted) continue;
        const gate = new Promise<void>((resolve) => {
          released = resolve;
        });
        wanted(new Map([next - 1, next - 2].map((last) => [last % 2, last])));
        wanted = undefined;
        await gate;
      }
    };
    const done = work();
    const projector: Projector & { stop(): Promise<void>; pauses(): number } = {
      pause: () => {
        pauses += 1;
        return new Promise((resolve) => {
          wanted = resolve;
        });
      },
      resume: () => released?.(),
      pauses: () => pauses,
      stop: async () => {
        running = false;
        await done;
        await connection.close();
      },
    };
    return projector;
  };

  it('that cannot be built leaves the running one untouched', async () => {
    await startProjections(warehouse, first);
    await land(3);
    const broken = sources(sales('nonsense(data)'));
    await expect(rebuildProjection(warehouse, broken, 'sales', noProjector(warehouse))).rejects.toMatchObject(
      { code: 'projection-rebuild-failed', message: expect.stringContaining('nonsense') },
    );
    const throwing = sources(sales(`JSONExtractString(data, 'amount')`).replace('OrNull', ''));
    await expect(
      rebuildProjection(warehouse, throwing, 'sales', noProjector(warehouse)),
    ).rejects.toMatchObject({ fields: [{ path: 'line 7', reason: expect.stringContaining('OrNull') }] });
    expect(await total()).toEqual({ n: 3, total: 3 });
    expect(await tables()).toEqual(V1);
  });

  const tables = async () => {
    const rows = await warehouse.rows<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = 'crm' AND name LIKE 'sales%' ORDER BY name",
    );
    return rows.map(({ name }) => name);
  };

  it('drops what an aborted rebuild had built so far', async () => {
    await startProjections(warehouse, first);
    await land(3);
    const abort = new AbortController();
    const rebuild = rebuildProjection(warehouse, second, 'sales', noProjector(warehouse), {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error('enough')),
    });
    await expect(rebuild).rejects.toThrow(/enough/);
    expect(await tables()).toEqual(V1);
    expect(await total()).toEqual({ n: 3, total: 3 });
  });

  it('is not swapped in when its own feed failed meanwhile, and not rebuilt twice at once', async () => {
    await startProjections(warehouse, first);
    await land(3);
    let pauses = 0;
    const detaching: Projector = {
      pause: async () => {
        pauses += 1;
        if (pauses === 1) await expect(again()).rejects.toMatchObject({ code: 'projection-rebuilding' });
        else await detachFeed(warehouse, 'crm.sales_v2_feed', 'a row that cannot be');
        return noProjector(warehouse).pause();
      },
      resume: () => undefined,
    };
    const again = () => rebuildProjection(warehouse, second, 'sales', noProjector(warehouse));
    await expect(rebuildProjection(warehouse, second, 'sales', detaching)).rejects.toThrow(/sales_v2_gate/);
    expect(await tables()).toEqual(V1);
    expect(await total()).toEqual({ n: 3, total: 3 });
  });

  it('drops what a killed process had built, and puts the views back', async () => {
    await startProjections(warehouse, first);
    await land(3);
    await rebuildProjection(warehouse, second, 'sales', noProjector(warehouse));
    const [before, after] = await versions(warehouse, 'sales');
    if (!before || !after) throw new Error('two versions are expected');
    // As if the process had been killed after the views were swapped and before the ledger said so.
    await record(warehouse, { ...before, state: 'live' }, { ...after, state: 'building' });
    expect((await startProjections(warehouse, first))[0]).toMatchObject({ state: 'current', version: 1 });
    expect(await tables()).toEqual(V1);
    expect(await total()).toEqual({ n: 3, total: 3 });
  });

  it('that others build is left to them until they are silent for their lease', async () => {
    await startProjections(warehouse, first);
    await land(3);
    const others = { ...noProjector(warehouse), mayRepeat: true };
    const [running] = await versions(warehouse, 'sales');
    if (!running) throw new Error('a version is expected');
    const begun = { ...running, version: 2, state: 'building' } as const;
    const leaseMs = 600_000;
    expect(await begin(warehouse, begun, { id: 'one', leaseMs })).toBeDefined();
    expect(await begin(warehouse, begun, { id: 'another', leaseMs })).toBeUndefined();
    await startProjections(warehouse, second, { projector: others });
    for (const work of [
      () => rebuildProjection(warehouse, second, 'sales', others),
      () => rollbackProjection(warehouse, 'sales', noProjector(warehouse)),
      () => removeOldVersions(warehouse, 'sales', noProjector(warehouse)),
    ])
      await expect(work()).rejects.toMatchObject({ code: 'projection-rebuilding' });
    expect((await versions(warehouse, 'sales'))[1]).toMatchObject({ state: 'building', abandoned: false });

    await record(warehouse, { ...begun, state: 'failed' });
    await begin(warehouse, { ...begun, version: 3 }, { id: 'killed', leaseMs: 1 });
    const rebuilt = await rebuildProjection(warehouse, second, 'sales', others);
    expect(rebuilt).toMatchObject({ version: 4, removed: [2, 3] });
    expect(await total()).toEqual({ n: 3, total: 6 });
  });

  it('is read as the ledger says before anything is removed, also after a rollback that was killed', async () => {
    await startProjections(warehouse, first);
    await rebuildProjection(warehouse, second, 'sales', noProjector(warehouse));
    const [before] = await versions(warehouse, 'sales');
    // As if the process had been killed after the views were put back and before the ledger said so.
    for (const statement of before?.views ?? []) await warehouse.command(statement);
    await land(3);
    expect(await total()).toEqual({ n: 3, total: 3 });
    expect(await removeOldVersions(warehouse, 'sales', noProjector(warehouse))).toEqual([1]);
    expect(await total()).toEqual({ n: 3, total: 6 });
  });

  it('is marked when its feed was detached, until it is rebuilt', async () => {
    await startProjections(warehouse, first);
    await land(3);
    await detachFeed(warehouse, 'crm.sales_v1_feed', 'a row that cannot be');
    await land(2);
    expect(await total()).toEqual({ n: 3, total: 3 });
    expect(await statusOf(first)).toMatchObject({ state: 'needs rebuild', reason: 'a row that cannot be' });
    const { removed } = await rebuildProjection(warehouse, first, 'sales', noProjector(warehouse));
    expect(removed).toEqual([1]);
    expect(await total()).toEqual({ n: 5, total: 5 });
    expect(await statusOf(first)).toMatchObject({ state: 'current', version: 2, standby: undefined });
    await markNeedsRebuild(warehouse, 'sales', 'refilled');
    expect(await statusOf(first)).toMatchObject({ state: 'needs rebuild', version: 2 });
  });

  it('without a file is an orphan, and goes when it is dropped', async () => {
    await startProjections(warehouse, first);
    expect(await projectionStatus(warehouse, sources())).toMatchObject([{ name: 'sales', state: 'orphan' }]);
    await dropProjection(warehouse, 'sales');
    expect(await tables()).toEqual([]);
    expect(await projectionStatus(warehouse, sources())).toEqual([]);
  });

  it('that fails at the start harms no other', async () => {
    const report = `-- Sales in all.
      CREATE VIEW all_sales (n COMMENT 'Number of sales') COMMENT 'Sales' AS SELECT count() AS n FROM crm.sales`;
    const broken = `-- Nothing.
      CREATE VIEW nothing COMMENT 'Nothing' AS SELECT * FROM crm.no_such_table`;
    const all = sources(report, broken, sales(`JSONExtractString(data, 'amount')`));
    expect(await startProjections(warehouse, all)).toMatchObject([
      { name: 'all_sales', state: 'current', version: 0 },
      { name: 'nothing', state: 'failed', reason: expect.stringContaining('no_such_table') },
      { name: 'sales', state: 'current' },
    ]);
    await land(4);
    expect(await warehouse.rows('SELECT n FROM crm.all_sales')).toEqual([{ n: 4 }]);
  });
});
