import { join } from 'node:path';
import type { Logger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import type { Projector } from '#warehouse/boundary';
import { dropScratchTables } from '#warehouse/columns';
import { pruneClaims } from '#warehouse/landing/claim-pruning';
import { migrate } from '#warehouse/migrations';
import { type ProjectionSources, readSources } from '#warehouse/projection-status';
import { renewSettings } from '#warehouse/projection-upkeep';
import { startProjections } from '#warehouse/projections';
import type { Warehouse } from '#warehouse/warehouse';

/** Migrations, projections, reports, upcasters' twins. */
const infra = join(packageRoot(), 'infra', 'clickhouse');

/** No model run on a running system takes longer. */
const LONGEST_RUN_MINUTES = 24 * 60;

/** The files as they are now. */
export const projectionFiles = (): ProjectionSources => readSources(infra);

/** Makes the warehouse agree with its migrations and with the files of its projections, as far as that is harmless. */
export const prepareWarehouse = async (
  warehouse: Warehouse,
  projector: Projector,
  log: Logger,
): Promise<ProjectionSources> => {
  await migrate(warehouse, join(infra, 'schema'));
  await dropScratchTables(warehouse, projector.mayRepeat ? LONGEST_RUN_MINUTES : 0);
  const projections = projectionFiles();
  for (const { name, state, reason } of await startProjections(warehouse, projections, { projector }))
    if (state !== 'current') log.warn({ projection: name, state, reason }, 'a projection needs attention');
  await renewSettings(warehouse);
  await pruneClaims(warehouse);
  return projections;
};
