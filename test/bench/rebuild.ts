import { join } from 'node:path';
import { packageRoot } from '#platform/package-root';
import { noProjector } from '#warehouse/boundary';
import { migrate } from '#warehouse/migrations';
import { readSources } from '#warehouse/projection-status';
import { rebuildProjection, startProjections } from '#warehouse/projections';
import { openWarehouse } from '#warehouse/warehouse';
import { inFolder, perSecond, report, timed } from './measure.js';

/** Rebuilds projections from 10 million events, with parity, beside the running version. */
const EVENTS = Number(process.argv[2] ?? 10_000_000);
const PROJECTIONS = ['purchase_ledger', 'purchases'];

await inFolder(async (dir) => {
  const warehouse = await openWarehouse({ dir });
  const root = join(packageRoot(), 'infra', 'clickhouse');
  await migrate(warehouse, join(root, 'schema'));
  const sources = readSources(root);
  await warehouse.command(
    `INSERT INTO crm.events
     SELECT 0, number, number, generateUUIDv4(number), concat('purchase-', toString(number)), 0, 'PurchaseRecorded', 1,
       concat('customer-', toString(sipHash64(number) % 1000000)), now64(3), toDate32('2022-01-01') + number % 1000,
       now64(3), 'bench', toString(number), '', '',
       concat('{"orderId":"', toString(number), '","total":{"amount":"', toString(number % 10000), '.50","currency":"EUR"}}')
     FROM numbers({events:UInt64})`,
    { events: EVENTS },
  );
  await startProjections(warehouse, sources);
  for (const name of PROJECTIONS) {
    const seconds = await timed(() => rebuildProjection(warehouse, sources, name, noProjector(warehouse)));
    report(`rebuild of ${name} from ${EVENTS.toLocaleString('en')} events`, `${seconds.toFixed(1)} s`, '5 s');
    report('', perSecond(EVENTS / seconds));
  }
  await warehouse.close();
});
