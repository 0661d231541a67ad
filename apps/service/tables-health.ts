import type { PartHealth } from '#apps/command-api/health/health.module';
import { LAID_ASIDE, partsLaidAside } from '#warehouse/broken-parts';
import type { Warehouse } from '#warehouse/warehouse';
import { lastKnown } from './last-known.js';
import type { Metrics } from './metrics.js';

/** How many parts of tables are laid aside, as the warehouse said last. */
export const laidAsideCount = (
  warehouse: Pick<Warehouse, 'rows'>,
  againMs?: number,
): (() => number | undefined) =>
  // That it does not answer is told by landing.
  lastKnown(async () => (await partsLaidAside(warehouse)).length, againMs);

/** Reading and writing go on, so it is ready. */
export const tablesHealth = (laidAside: number | undefined): PartHealth => ({
  ready: true,
  ...(laidAside && { degraded: `${laidAside} ${LAID_ASIDE}` }),
});

export const measureTables = (metrics: Metrics, laidAside: () => number | undefined): void =>
  metrics.gauge(
    'broken_parts',
    'Parts of tables that the engine laid aside because they were broken, and that nobody has removed',
    [],
    () => laidAside() ?? [],
  );
