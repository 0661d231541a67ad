import type { FastifyInstance } from 'fastify';
import { serveDocumentation } from '#apps/command-api/documentation/serve-documentation';
import { projectionFiles } from '#apps/projector/prepare-warehouse';
import { Closing } from '#apps/service/closing';
import { openEventStore } from '#apps/service/connections';
import { firstFailure } from '#apps/service/first-failure';
import { measureFreshness } from '#apps/service/freshness-metrics';
import { serveHttp, tracingOf } from '#apps/service/http-service';
import { Metrics } from '#apps/service/metrics';
import { observeAppends } from '#apps/service/observed-appends';
import { observeWarehouse } from '#apps/service/observed-warehouse';
import { reachable } from '#apps/service/reachable';
import { runService } from '#apps/service/run-service';
import { upcasters } from '#crm/catalogue';
import { Upcasters } from '#eventing/upcaster';
import { analytics } from './analytics.js';
import { measureProjections } from './projection-metrics.js';
import { registerSqlBodies } from './sql-body.js';

await runService(
  'analytics',
  'Model runs, reports, SQL, and the administration of projections; several may run.',
  (configuration, log) =>
    Closing.guard(async (closing) => {
      const metrics = new Metrics('analytics');
      const tracing = await tracingOf(configuration, 'analytics');
      closing.add(() => tracing.close());
      const eventStore = observeAppends(closing.opened(openEventStore(configuration)), metrics, tracing);
      const { warehouse, landing, places } = await observeWarehouse(configuration, 'analytics', log, closing);
      measureFreshness(metrics, landing);
      measureProjections(metrics, warehouse, projectionFiles);
      const stores = {
        warehouse,
        landing,
        eventStore,
        places,
        projections: projectionFiles,
        upcasters: new Upcasters(upcasters),
      };
      const url = await serveHttp(
        {
          configuration,
          metrics,
          tracing,
          log,
          parts: {
            warehouse: reachable(() => warehouse.rows('SELECT 1')),
            'event store': reachable(() => eventStore.head()),
          },
          modules: [analytics(configuration, stores, log)],
          prepare: (application) => {
            serveDocumentation(application);
            registerSqlBodies(application.getHttpAdapter().getInstance() as unknown as FastifyInstance);
          },
        },
        closing,
      );
      return { url, failed: firstFailure([]), close: closing.close };
    }),
  { needs: ['eventStoreUrl', 'kafkaBrokers', 'clickhouseUrl'] },
);
