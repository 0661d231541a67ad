import type { PartHealth } from '#apps/command-api/health/health.module';
import { LAID_ASIDE, partsLaidAside } from '#warehouse/broken-parts';
import type { Warehouse } from '#warehouse/warehouse';
import type { Metrics } from './metrics.js';

const AGAIN_MS = 10_000;

/**
 * How many parts of tables are laid aside, as the warehouse said last: whoever asks for health or metrics must not
 * wait for it. Undefined until it has answered.
 */
export const laidAsideCount = (
  warehouse: Pick<Warehouse, 'rows'>,
  againMs = AGAIN_MS,
): (() => number | undefined) => {
  let known: number | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking = false;
  const ask = async () => {
    asking = true;
    askedAt = performance.now();
    // That it does not answer is told by landing.
    known = await partsLaidAside(warehouse).then(
      ({ length }) => length,
      () => known,
    );
    asking = false;
  };
  return () => {
    if (!asking && performance.now() - askedAt > againMs) void ask();
    return known;
  };
};

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
