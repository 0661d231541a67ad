import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { analyticsModule } from '#apps/analytics/analytics.module';
import { registerSqlBodies } from '#apps/analytics/sql-body';
import { commandApiModule } from '#apps/command-api/command-api.module';
import { serveDocumentation } from '#apps/command-api/documentation/serve-documentation';
import { healthModule } from '#apps/command-api/health/health.module';
import { createServer, PUBLIC_PATHS } from '#apps/command-api/http/server';
import { Pipeline } from '#apps/command-api/pipeline';
import { type CommandProcesses, startCommandProcesses } from '#apps/command-api/processes/command-processes';
import { CustomerReader } from '#apps/command-api/queries/customer-reader';
import { warehouseCustomerEvents } from '#apps/command-api/queries/warehouse-customer-events';
import { commandHandler } from '#eventing/command-handler';
import { type Configuration, isLoopback } from '#platform/configuration';
import { lockDataDirectory } from '#platform/data-directory';
import { createLogger, type Logger } from '#platform/logging';
import { openStores, type Stores } from './stores.js';

export interface Server {
  readonly url: string;
  /** Fails when a part fails: the process must end, and goes on from its checkpoints when it is started again. */
  readonly failed: Promise<never>;
  /** Once the warehouse shows all that is in the event store by now; false when it takes longer than that. */
  landed(timeoutMs: number): Promise<boolean>;
  /** Ends what is under way and closes the stores. */
  close(): Promise<void>;
}

/** Everything in one process: commands, landing, analytics, over one HTTP server on one data directory. */
export const startServer = async (
  configuration: Configuration,
  log: Logger = createLogger(configuration.logLevel),
): Promise<Server> => {
  const lock = lockDataDirectory(configuration.dataDirectory);
  const closing: (() => unknown)[] = [() => lock.release()];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0)) await step();
  };
  try {
    const stores = await openStores(configuration, log);
    closing.unshift(() => stores.close());
    const processes = await startProcesses(stores, log);
    closing.unshift(() => processes.stop());
    const { apiKeys, bodyLimit, host, port } = configuration;
    const application = await createServer(
      [
        commandApiModule(commandPorts(configuration, stores, processes, log)),
        analyticsModule(analyticsPorts(configuration, stores, log)),
        healthModule({ isReady: readiness(stores) }),
      ],
      {
        apiKeys: apiKeys.map(({ name, key }) => ({ name, key: key.reveal() })),
        publicPaths: PUBLIC_PATHS,
        bodyLimit,
      },
      log,
    );
    closing.unshift(() => application.close());
    serveDocumentation(application);
    registerSqlBodies(application.getHttpAdapter().getInstance() as unknown as FastifyInstance);
    await application.listen(port, host);
    const url = urlOf(application.getHttpServer().address() as AddressInfo);
    lock.announce(url);
    if (apiKeys.length === 0) log.info({ url }, 'no API keys are configured: listening on loopback only');
    return {
      url,
      failed: firstFailure([stores.landing.done, processes.done]),
      landed: async (timeoutMs) => stores.landing.waitFor(await stores.eventStore.head(), timeoutMs),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const startProcesses = (stores: Stores, log: Logger): Promise<CommandProcesses> => {
  const { eventStore, landing, ...rest } = stores;
  return startCommandProcesses({
    ...rest,
    store: eventStore,
    landed: (position, timeoutMs) => landing.waitFor(position, timeoutMs),
    log,
  });
};

const commandPorts = (
  { businessZone, defaultPhoneRegion: phoneRegion, bodyLimit }: Configuration,
  { eventStore, upcasters, vault, sealer, warehouse, landing }: Stores,
  processes: CommandProcesses,
  log: Logger,
) => {
  const customers = new CustomerReader({
    eventStore,
    upcasters,
    vault,
    sealer,
    events: warehouseCustomerEvents(warehouse, eventStore, (position, ms) => landing.waitFor(position, ms)),
    phoneRegion,
  });
  const pipeline = new Pipeline({
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
  });
  return {
    pipeline,
    customers,
    reading: { eventStore, upcasters, sealer },
    launchStatusOf: processes.launchStatusOf,
    landing,
    bodyLimit,
    log,
  };
};

const analyticsPorts = (configuration: Configuration, stores: Stores, log: Logger) => {
  const { warehouse, landing, eventStore, upcasters } = stores;
  return {
    ...stores,
    configuration,
    log,
    modelRuns: {
      warehouse,
      landedPosition: () => landing.landed().position,
      waitFor: (position: number, timeoutMs: number) => landing.waitFor(position, timeoutMs),
      handle: commandHandler(eventStore, upcasters),
      businessZone: configuration.businessZone,
      now: Date.now,
    },
  };
};

/** Whoever cannot land events must not take more of them. */
const readiness = ({ landing }: Stores): (() => boolean) => {
  let failed = false;
  landing.done.catch(() => {
    failed = true;
  });
  return () => !failed;
};

const firstFailure = (all: readonly Promise<void>[]): Promise<never> => {
  const failure = new Promise<never>((_, reject) => {
    for (const each of all) each.catch(reject);
  });
  failure.catch(() => {}); // whoever serves looks at it; a command that ends soon need not
  return failure;
};

const urlOf = ({ address, port, family }: AddressInfo): string => {
  if (!isLoopback(address)) return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
};
