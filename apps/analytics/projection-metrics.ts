import { lastKnown } from '#apps/service/last-known';
import { type Metrics, stateSet } from '#apps/service/metrics';
import {
  type ProjectionSources,
  type ProjectionStatus,
  projectionStatus,
} from '#warehouse/projection-status';
import type { Warehouse } from '#warehouse/warehouse';

const STATES: readonly ProjectionStatus['state'][] = [
  'current',
  'changed',
  'needs rebuild',
  'new',
  'failed',
  'orphan',
];

/** How every projection stands: one that needs a rebuild is read on, and nobody sees that rows are wrong or missing. */
export const measureProjections = (
  metrics: Metrics,
  warehouse: Warehouse,
  sources: () => ProjectionSources,
  againMs?: number,
): void => {
  const known = lastKnown(() => projectionStatus(warehouse, sources()), againMs);
  metrics.gauge('projection_state', 'How a projection stands', ['projection', 'state'], () =>
    (known() ?? []).flatMap(({ name, state }) =>
      stateSet(STATES, state).map(([labels, value]) => [{ projection: name, ...labels }, value] as const),
    ),
  );
};
