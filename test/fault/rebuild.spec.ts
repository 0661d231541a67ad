import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomFrom } from '#statistics/random';
import { until } from '#test/support/process-stores';
import { runTs, type TsProcess } from '#test/support/run-ts';
import { describeWithKafka } from '#test/support/servers/kafka';
import { versions } from '#warehouse/projection-ledger';
import type { ProjectionSources } from '#warehouse/projection-status';
import { rebuildProjection, startProjections } from '#warehouse/projections';
import type { RebuildOrder } from './rebuild.child.js';
import { DEADLINE_MS, PARTITIONS, RebuildSet } from './rebuild-set.js';
import { ONE_EACH, TOTALS, type Totals, TWO_EACH, wholeAndNeverLess } from './rebuild-sources.js';
import { type Moment, STEPS } from './rebuild-steps.js';

// A rebuild is killed at so many of its steps, chosen by a seed: REBUILD_KILLS=13 REBUILD_SEED=1 npm run jest -- test/fault/rebuild

const SEED = Number(process.env.REBUILD_SEED ?? Date.now() % 1_000_000);
const KILLS = Number(process.env.REBUILD_KILLS ?? 4);
/** Of pauses and of builds: so long a killed one is waited for. */
const LEASE_MS = 5_000;
const MOMENTS: readonly Moment[] = ['before', 'during', 'after'];

const random = randomFrom(SEED);

const kills = Object.keys(STEPS)
  .map((step) => ({ step, order: random.uniform() }))
  .sort((a, b) => a.order - b.order)
  .slice(0, KILLS)
  .map(({ step }) => ({
    step,
    moment: MOMENTS[Math.floor(random.uniform() * MOMENTS.length)]!,
    afterMs: Math.floor(random.uniform() * 20),
  }));

describeWithKafka(`rebuilds that are killed or given up (seed ${SEED})`, () => {
  const children: TsProcess[] = [];
  let set: RebuildSet;
  let findings: () => readonly string[];
  let rebuilds = 0;

  beforeAll(async () => {
    set = await RebuildSet.start();
    await startProjections(set.warehouse, ONE_EACH, { projector: await set.holds() });
    await set.sell(500);
    await set.startProjectors(2);
    await set.untilLanded();
    // From now on there is a version to be removed whenever another one is made.
    await rebuild();
    const reader = set.watch<Totals>(TOTALS, wholeAndNeverLess());
    findings = () => reader.findings;
    set.load();
    nextChild();
  }, 300_000);

  afterAll(async () => {
    await Promise.all(children.map((child) => child.kill()));
    await set?.stop();
  }, 30_000);

  /** Started ahead: meanwhile the one before is looked at. */
  const nextChild = () => children.push(runTs('test/fault/rebuild.child.ts'));

  const rule = (): 'one' | 'two' => (rebuilds % 2 === 0 ? 'two' : 'one');

  const rebuild = async (options: Parameters<typeof rebuildProjection>[4] = {}) => {
    const sources: ProjectionSources = rule() === 'two' ? TWO_EACH : ONE_EACH;
    rebuilds += 1;
    return rebuildProjection(set.warehouse, sources, 'sales', await set.holds({ leaseMs: LEASE_MS }), {
      leaseMs: LEASE_MS,
      ...options,
    });
  };

  /** As soon as the lease of whoever was killed is over. */
  const rebuildAtLast = async () => {
    await until(
      'a projection can be rebuilt again',
      async () =>
        rebuild().then(
          () => true,
          (error: { code?: string; cause?: { code?: string } }) => {
            const { code } = error.cause ?? error;
            if (code !== 'projection-rebuilding' && code !== 'pause-lost') throw error;
            return false;
          },
        ),
      DEADLINE_MS,
    );
  };

  const landingGoesOn = async () => {
    const { written } = set;
    await until('landing goes on', async () => (await set.landed()) > written, DEADLINE_MS);
  };

  /** The views, the version that they read, the one before, and nothing else. */
  const demandTidy = async () => {
    const fed = (await versions(set.warehouse, 'sales')).filter(({ state }) => state !== 'removed');
    expect(fed.map(({ state }) => state).sort()).toEqual(['live', 'standby']);
    const own = fed.flatMap(({ version }) =>
      ['', '_feed', '_gate', '_gated'].map((part) => `sales_v${version}${part}`),
    );
    expect(await set.tablesLike('sales')).toEqual(['sales', 'sales_totals', ...own].sort());
  };

  describe('killed', () => {
    for (const { step, moment, afterMs } of kills)
      it(`${moment} ${step} (${afterMs} ms)`, async () => {
        const child = children.at(-1)!;
        await child.waitForLine(/^ready/, { timeoutMs: DEADLINE_MS });
        const order: RebuildOrder = {
          url: set.url,
          partitions: PARTITIONS,
          step,
          moment,
          afterMs,
          leaseMs: LEASE_MS,
          rule: rule(),
        };
        child.send(JSON.stringify(order));
        const exit = await child.exited;
        nextChild();
        expect({ ...exit, stderr: child.stderr }).toEqual({
          code: null,
          signal: 'SIGKILL',
          stderr: '',
        });
        await landingGoesOn();
        await rebuildAtLast();
        await demandTidy();
        expect(findings()).toEqual([]);
      }, 180_000);
  });

  it('given up: nothing of it is left, and the running one goes on', async () => {
    const before = await set.tablesLike('sales');
    for (const phase of ['backfill', 'parity']) {
      const signal = new AbortController();
      const given = rebuild({
        signal: signal.signal,
        onProgress: (progress) => {
          if (progress.phase === phase) signal.abort(new Error('the client has gone'));
        },
      });
      await expect(given).rejects.toThrow(/the client has gone/);
      expect(await set.tablesLike('sales')).toEqual(before);
    }
    await landingGoesOn();
    expect(findings()).toEqual([]);
  }, 120_000);

  it('while a projector is killed: others take over, and the projection is whole', async () => {
    let killed: Promise<unknown> | undefined;
    const rebuilt = rebuild({
      onProgress: ({ phase }) => {
        if (phase === 'backfill') killed ??= set.projectors[0]!.kill();
      },
    });
    // Whoever waits too long for those who take over says so, and is asked again.
    const failure = await rebuilt.then(
      () => undefined,
      (error: Error) => error,
    );
    if (failure) expect(failure.message).toMatch(/no projector lands them/);
    await killed;
    await landingGoesOn();
    if (failure) await rebuildAtLast();
    await set.stopLoad();
    await set.untilLanded();
    expect(await set.wrongVersions('sales', ONE_EACH, TWO_EACH)).toEqual([]);
    expect((await set.warehouse.rows<Totals>(TOTALS))[0]?.n).toBe(set.written);
    expect(findings()).toEqual([]);
  }, 180_000);
});
