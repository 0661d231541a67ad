import type { LandingProgress } from '#warehouse/landing/landing-progress';
import type { Metrics } from './metrics.js';

/** How far the warehouse is behind the stream, over all partitions, also those that nobody lands. */
export const measureFreshness = (
  metrics: Metrics,
  landing: Pick<LandingProgress, 'landed' | 'freshness'>,
): void => {
  metrics.gauge(
    'warehouse_lag_events',
    'Offsets that the stream has and the warehouse has not, over all partitions',
    [],
    async () => (await landing.freshness()).events,
  );
  metrics.gauge(
    'warehouse_lag_seconds',
    'Age of the oldest event of the stream that the warehouse has not',
    [],
    async () => (await landing.freshness()).seconds,
  );
  metrics.gauge(
    'warehouse_position',
    'Every event up to this position is in the warehouse',
    [],
    () => landing.landed().position,
  );
};
