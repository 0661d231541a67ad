import { join } from 'node:path';
import { runModel } from '#apps/analytics/model-run';
import { packageRoot } from '#platform/package-root';
import { simulateCustomers } from '#statistics/index';
import { withColumns } from '#warehouse/columns';
import { migrate } from '#warehouse/migrations';
import { readSources } from '#warehouse/projection-status';
import { startProjections } from '#warehouse/projections';
import { openWarehouse } from '#warehouse/warehouse';
import { inFolder, median, report, timed } from './measure.js';

/**
 * A clv run over a million simulated customers: from the ledger of their purchases in the warehouse to a score and an
 * interval of each in the warehouse, with backtest. Parameters must come out as they were put in.
 */
const CUSTOMERS = Number(process.argv[2] ?? 1_000_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const POPULATION = {
  purchases: { r: 0.243, alpha: 4.414, a: 0.793, b: 2.426 },
  spend: { p: 6.25, q: 3.74, gamma: 15.44 },
};

await inFolder(async (dir) => {
  const warehouse = await openWarehouse({ dir });
  const root = join(packageRoot(), 'infra', 'clickhouse');
  await migrate(warehouse, join(root, 'schema'));
  const sources = readSources(root);
  const definitions = sources.definitions.filter(({ name }) => name === 'purchase_ledger');
  await startProjections(warehouse, { ...sources, definitions });
  const { x, tx, T, meanSpend } = simulateCustomers({
    ...POPULATION,
    customers: CUSTOMERS,
    seed: 7,
    arrivals: 39,
    end: 104,
    day: 1 / 7,
  });
  const days = (weeks: Float64Array) => Uint32Array.from(weeks, (time) => Math.round(time * 7));
  // Repeat purchases between the first and the last may lie on any days: only their number and mean matter.
  await withColumns(
    warehouse,
    {
      id: Uint32Array.from(x, (_, i) => i),
      x: Uint32Array.from(x),
      tx: days(tx),
      t: days(T),
      mean: meanSpend,
    },
    (table) =>
      warehouse.command(
        `INSERT INTO crm.purchase_ledger_v1
         SELECT rowNumberInAllBlocks(), concat('purchase-', toString(id), '-', toString(k)), 'sale', '',
           leftPad(toString(id), 8, '0'),
           toDate32('2021-12-31') - t + intDivOrZero(tx * k, x), 'sale',
           if(x = 0, 20, mean), if(x = 0, 20, mean), NULL, 'USD'
         FROM (SELECT id, x, tx, t, mean, arrayJoin(range(x + 1)) AS k FROM ${table})`,
      ),
  );
  const ports = {
    warehouse,
    landedPosition: () => 1_000_000_000,
    waitFor: async () => true,
    handle: async () => ({ status: 'accepted' as const, stream: '', revision: 0, position: 0 }),
    businessZone: 'UTC',
    now: Date.now,
  };
  const seconds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let parameters: object = {};
    seconds.push(
      await timed(async () => {
        const run = await runModel(ports, { purpose: 'clv', asOf: '2021-12-31', timeUnit: 'week' }, 'bench');
        parameters = { ...run.parameters, ...run.monetary?.parameters };
      }),
    );
    if (round === 0)
      for (const [name, value] of Object.entries(parameters))
        report(`  ${name}`, (value as number).toFixed(3));
  }
  report(
    `clv run, ${CUSTOMERS.toLocaleString('en')} customers, backtest and intervals`,
    `${median(seconds).toFixed(2)} s`,
    '2 s',
  );
  report('peak memory', `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`, 'under 1 GB');
  await warehouse.close();
});
