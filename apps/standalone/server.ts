import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { analytics } from '#apps/analytics/analytics';
import { registerSqlBodies } from '#apps/analytics/sql-body';
import { commandApi } from '#apps/command-api/command-api';
import { serveDocumentation } from '#apps/command-api/documentation/serve-documentation';
import { startCommandProcesses } from '#apps/command-api/processes/command-processes';
import { segmentReader } from '#apps/command-api/processes/launch/segment';
import { landingHealth } from '#apps/projector/landing-health';
import { measureLanding } from '#apps/projector/landing-metrics';
import { Closing } from '#apps/service/closing';
import { firstFailure } from '#apps/service/first-failure';
import { measureFreshness } from '#apps/service/freshness-metrics';
import { serveHttp, tracingOf } from '#apps/service/http-service';
import { Metrics } from '#apps/service/metrics';
import { measureTables, tablesHealth } from '#apps/service/tables-health';
import type { Service } from '#apps/service/until-stopped';
import type { Configuration } from '#platform/configuration';
import { lockDataDirectory, OWNER_ONLY } from '#platform/data-directory';
import { createLogger, type Logger } from '#platform/logging';
import { backupModule } from './backup/backup.controller.js';
import { openStores } from './stores.js';

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
    const lock = lockDataDirectory(configuration.dataDirectory, { mode: OWNER_ONLY });
    closing.add(() => lock.release());
    const metrics = new Metrics('standalone');
    const tracing = await tracingOf(configuration, 'standalone');
    closing.add(() => tracing.close());
    const stores = closing.opened(await openStores(configuration, metrics, tracing, log));
    const { eventStore, landing } = stores;
    measureLanding(metrics, landing, stores.stream);
    measureFreshness(metrics, landing);
    measureTables(metrics, stores.brokenParts);
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
    const url = await serveHttp(
      {
        configuration,
        metrics,
        tracing,
        log,
        parts: {
          landing: () => landingHealth(landing),
          tables: () => tablesHealth(stores.brokenParts()),
        },
        modules: [
          commandApi(configuration, stores, processes, metrics, log),
          analytics(configuration, stores, log),
          backupModule({
            ...stores,
            dataDirectory: configuration.dataDirectory,
            backupDirectory: configuration.backupDirectory ?? join(configuration.dataDirectory, 'backups'),
          }),
        ],
        prepare: (application) => {
          serveDocumentation(application);
          registerSqlBodies(application.getHttpAdapter().getInstance() as unknown as FastifyInstance);
        },
      },
      closing,
    );
    lock.announce(url);
    return {
      url,
      documentation: `${url}/docs`,
      failed: firstFailure([landing.done, processes.done]),
      landed: async (timeoutMs) => landing.waitFor(await eventStore.head(), timeoutMs),
      close: closing.close,
    };
  });
