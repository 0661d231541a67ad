import { once } from 'node:events';
import { createLogger } from '#platform/logging';
import { Holds } from '#warehouse/landing/holds';
import { rebuildProjection } from '#warehouse/projections';
import { openWarehouse } from '#warehouse/warehouse';
import { ONE_EACH, TWO_EACH } from './rebuild-sources.js';
import { killedAt, type Moment, STEPS } from './rebuild-steps.js';

export interface RebuildOrder {
  readonly url: string;
  readonly partitions: number;
  readonly step: string;
  readonly moment: Moment;
  readonly afterMs: number;
  readonly leaseMs: number;
  readonly rule: 'one' | 'two';
}

/** Waits for an order on stdin, rebuilds `sales`, and is killed by itself at the step that the order names. */
process.stdout.write('ready\n');
const [line] = (await once(process.stdin, 'data')) as [Buffer];
const order = JSON.parse(line.toString()) as RebuildOrder;
const real = await openWarehouse({ url: order.url });
const warehouse = killedAt(real, STEPS[order.step]!, order.moment, order.afterMs);
const projector = new Holds({
  warehouse: await warehouse.connect(),
  holder: 'a rebuild that is killed',
  partitions: async () => Array.from({ length: order.partitions }, (_, partition) => partition),
  log: createLogger('silent'),
  leaseMs: order.leaseMs,
});
const sources = order.rule === 'one' ? ONE_EACH : TWO_EACH;
await rebuildProjection(warehouse, sources, 'sales', projector, { leaseMs: order.leaseMs });
process.exit(0);
