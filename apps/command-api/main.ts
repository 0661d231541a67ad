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
import { whenAvailable } from '#apps/service/when-available';
import { upcasters as upcasterList } from '#crm/catalogue';
import { openPostgresCheckpoints } from '#event-store/postgres/checkpoints';
import { Upcasters } from '#eventing/upcaster';
import { openSharedKeyVault } from '#personal-data/postgres/shared-key-vault';
import { Sealer } from '#personal-data/sealer';
import { demand } from '#platform/configuration';
import { postgresLeadership } from '#postgres/leadership';
import { openPostgres } from '#postgres/postgres';
import { commandApi } from './command-api.js';
import { serveDocumentation } from './documentation/serve-documentation.js';
import { startCommandProcesses } from './processes/command-processes.js';
import { segmentReader } from './processes/launch/segment.js';

await runService(
  'command-api',
  'Takes commands over HTTP and answers what is known of customers; several may run.',
  (configuration, log) =>
    Closing.guard(async (closing) => {
      const { databaseUrl, masterKey, keyCacheSeconds } = demand(configuration, 'databaseUrl', 'masterKey');
      const metrics = new Metrics('command-api');
      const tracing = await tracingOf(configuration, 'command-api');
      closing.add(() => tracing.close());
      const eventStore = observeAppends(closing.opened(openEventStore(configuration)), metrics, tracing);
      const postgres = closing.opened(
        await whenAvailable(() => openPostgres(databaseUrl.reveal(), { log }), log),
      );
      const checkpoints = closing.opened(await whenAvailable(() => openPostgresCheckpoints(postgres), log));
      const cache = { maxAgeMs: keyCacheSeconds * 1000 };
      const vault = closing.opened(
        await whenAvailable(
          () => openSharedKeyVault({ postgres, masterKey: masterKey.reveal(), cache }),
          log,
        ),
      );
      const { warehouse, landing } = await observeWarehouse(configuration, 'command-api', log, closing);
      measureFreshness(metrics, landing);
      const { sqlMaxMemory: maxMemoryBytes, sqlMaxSeconds: maxSeconds } = configuration;
      const upcasters = new Upcasters(upcasterList);
      const sealer = new Sealer(vault);
      const stores = { eventStore, upcasters, vault, sealer, warehouse, landing };
      const leadership = postgresLeadership(postgres, 'command-processes');
      const begin = () =>
        startCommandProcesses({
          ...stores,
          store: eventStore,
          checkpoints,
          leadership,
          segments: segmentReader(warehouse, { maxMemoryBytes, maxSeconds }),
          landed: (position, timeoutMs) => landing.waitFor(position, timeoutMs),
          log,
        });
      // It reads the event store before it serves.
      const processes = await whenAvailable(begin, log);
      closing.add(() => processes.stop());
      const url = await serveHttp(
        {
          configuration,
          metrics,
          tracing,
          log,
          // The warehouse is not among them: commands are taken without it.
          parts: {
            'event store': reachable(() => eventStore.head()),
            'key vault': reachable(() => postgres.query('SELECT 1')),
          },
          modules: [commandApi(configuration, stores, processes, metrics, log)],
          prepare: serveDocumentation,
        },
        closing,
      );
      return { url, failed: firstFailure([processes.done]), close: closing.close };
    }),
  { needs: ['eventStoreUrl', 'kafkaBrokers', 'clickhouseUrl', 'databaseUrl', 'masterKey'] },
);
