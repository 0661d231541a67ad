import type { FastifyInstance } from 'fastify';
import { analytics } from '#apps/analytics/analytics';
import { registerSqlBodies } from '#apps/analytics/sql-body';
import { commandApi } from '#apps/command-api/command-api';
import { serveDocumentation } from '#apps/command-api/documentation/serve-documentation';
import { healthModule, type PartCheck } from '#apps/command-api/health/health.module';
import { createServer, listen, serverSettings } from '#apps/command-api/http/server';
import { startCommandProcesses } from '#apps/command-api/processes/command-processes';
import { segmentReader } from '#apps/command-api/processes/launch/segment';
import { Closing } from '#apps/service/closing';
import { firstFailure } from '#apps/service/first-failure';
import type { Service } from '#apps/service/until-stopped';
import type { Configuration } from '#platform/configuration';
import { lockDataDirectory } from '#platform/data-directory';
import { createLogger, type Logger } from '#platform/logging';
import { openStores, type Stores } from './stores.js';

export interface Server extends Service {
  /** Once the warehouse shows all that is in the event store by now; false when it takes longer than that. */
  landed(timeoutMs: number): Promise<boolean>;
}

/** Everything in one process: commands, landing, analytics, over one HTTP server on one data directory. */
export const startServer = (
  configuration: Configuration,
  log: Logger = createLogger(configuration.logLevel),
): Promise<Server> =>
  Closing.guard(async (closing) => {
    const lock = lockDataDirectory(configuration.dataDirectory);
    closing.add(() => lock.release());
    const stores = closing.opened(await openStores(configuration, log));
    const { eventStore, landing } = stores;
    const processes = await startCommandProcesses({
      ...stores,
      store: eventStore,
      segments: segmentReader(stores.warehouse, {
        maxMemoryBytes: configuration.sqlMaxMemory,
        maxSeconds: configuration.sqlMaxSeconds,
      }),
      landed: (position, timeoutMs) => landing.waitFor(position, timeoutMs),
      log,
    });
    closing.add(() => processes.stop());
    const application = await createServer(
      [
        commandApi(configuration, stores, processes, log),
        analytics(configuration, stores, log),
        healthModule({ landing: landingCheck(stores) }),
      ],
      serverSettings(configuration),
      log,
    );
    closing.add(() => application.close());
    serveDocumentation(application);
    registerSqlBodies(application.getHttpAdapter().getInstance() as unknown as FastifyInstance);
    const url = await listen(application, configuration);
    lock.announce(url);
    if (configuration.apiKeys.length === 0)
      log.info({ url }, 'no API keys are configured: listening on loopback only');
    return {
      url,
      failed: firstFailure([landing.done, processes.done]),
      landed: async (timeoutMs) => landing.waitFor(await eventStore.head(), timeoutMs),
      close: closing.close,
    };
  });

/** Whoever cannot land events must not take more of them. */
const landingCheck = ({ landing }: Stores): PartCheck => {
  let failed = false;
  landing.done.catch(() => {
    failed = true;
  });
  return () =>
    failed ? { ready: false, reason: 'Events are not being landed; see the log.' } : { ready: true };
};
