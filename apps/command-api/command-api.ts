import type { DynamicModule } from '@nestjs/common';
import type { Metrics } from '#apps/service/metrics';
import type { EventStore } from '#eventing/event-store';
import type { Upcasters } from '#eventing/upcaster';
import type { KeyVault } from '#personal-data/key-vault';
import type { Sealer } from '#personal-data/sealer';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import type { LandingProgress } from '#warehouse/landing/landing-progress';
import type { Warehouse } from '#warehouse/warehouse';
import { commandApiModule } from './command-api.module.js';
import { MeasuredPipeline } from './measured-pipeline.js';
import type { CommandProcesses } from './processes/command-processes.js';
import { CustomerReader } from './queries/customer-reader.js';
import { warehouseCustomerEvents } from './queries/warehouse-customer-events.js';

export interface CommandApiStores {
  readonly eventStore: EventStore;
  readonly upcasters: Upcasters;
  readonly vault: KeyVault;
  readonly sealer: Sealer;
  readonly warehouse: Warehouse;
  readonly landing: Pick<LandingProgress, 'landed' | 'waitFor'>;
}

/** The command API on some set of stores. */
export const commandApi = (
  { businessZone, defaultPhoneRegion: phoneRegion, bodyLimit }: Configuration,
  { eventStore, upcasters, vault, sealer, warehouse, landing }: CommandApiStores,
  processes: CommandProcesses,
  metrics: Metrics,
  log: Logger,
): DynamicModule => {
  const customers = new CustomerReader({
    eventStore,
    upcasters,
    vault,
    sealer,
    events: warehouseCustomerEvents(warehouse, eventStore, (position, ms) => landing.waitFor(position, ms)),
    phoneRegion,
  });
  const pipeline = new MeasuredPipeline(
    {
      eventStore,
      upcasters,
      vault,
      sealer,
      campaignFactsOf: processes.campaignFactsOf,
      finish: processes.complete,
      isKnown: (customerId) => customers.isKnown(customerId),
      checkSegment: processes.checkSegment,
      landedPosition: () => landing.landed().position,
      businessZone,
      phoneRegion,
      now: Date.now,
    },
    metrics,
  );
  return commandApiModule({
    pipeline,
    customers,
    reading: { eventStore, upcasters, sealer },
    launchStatusOf: processes.launchStatusOf,
    landing,
    bodyLimit,
    log,
  });
};
