import type { DynamicModule } from '@nestjs/common';
import { commandHandler } from '#eventing/command-handler';
import type { Upcasters } from '#eventing/upcaster';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import { ReadOnlyWarehouse } from '#warehouse/read-only';
import { analyticsModule } from './analytics.module.js';
import type { AnalyticsPorts } from './analytics.ports.js';

export type AnalyticsStores = Pick<
  AnalyticsPorts,
  'warehouse' | 'landing' | 'eventStore' | 'places' | 'projections'
> & { readonly upcasters: Upcasters };

/** Analytics on some set of stores. */
export const analytics = (
  configuration: Configuration,
  stores: AnalyticsStores,
  log: Logger,
): DynamicModule => {
  const { warehouse, landing, eventStore, upcasters } = stores;
  const { sqlMaxMemory, sqlMaxSeconds, sqlMaxRows, businessZone } = configuration;
  return analyticsModule({
    ...stores,
    readOnly: new ReadOnlyWarehouse(warehouse, {
      maxMemoryBytes: sqlMaxMemory,
      maxSeconds: sqlMaxSeconds,
      maxRows: sqlMaxRows,
    }),
    configuration,
    log,
    modelRuns: {
      warehouse,
      landedPosition: () => landing.landed().position,
      waitFor: (position, timeoutMs) => landing.waitFor(position, timeoutMs),
      handle: commandHandler(eventStore, upcasters),
      businessZone,
      now: Date.now,
    },
  });
};
