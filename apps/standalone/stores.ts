import { join } from 'node:path';
import { pruneNowAndThen } from '#apps/projector/claim-upkeep';
import { landedBatches } from '#apps/projector/landing-metrics';
import { prepareWarehouse, projectionFiles } from '#apps/projector/prepare-warehouse';
import { startProjector } from '#apps/projector/projector';
import { Closing } from '#apps/service/closing';
import type { Metrics } from '#apps/service/metrics';
import { observeAppends } from '#apps/service/observed-appends';
import { upcasters as upcasterList } from '#crm/catalogue';
import { openSqliteCheckpoints } from '#event-store/sqlite/checkpoints';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream, inProcessPlaces } from '#event-stream/in-process/in-process-stream';
import { Upcasters } from '#eventing/upcaster';
import { Sealer } from '#personal-data/sealer';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import type { Tracing } from '#platform/tracing';
import { noProjector } from '#warehouse/boundary';
import { brokenParts, LAID_ASIDE } from '#warehouse/broken-parts';
import { openFeeds } from '#warehouse/projection-upkeep';
import { openWarehouse } from '#warehouse/warehouse';

/** Everything that keeps something, on the embedded set: files of one directory, engines in this process. */
export type Stores = Awaited<ReturnType<typeof openStores>>;

/** Opens the stores, makes the warehouse agree with its migrations and projections, and begins to land events. */
export const openStores = (configuration: Configuration, metrics: Metrics, tracing: Tracing, log: Logger) =>
  Closing.guard(async (closing) => {
    const { dataDirectory: dir } = configuration;
    const eventStore = observeAppends(
      closing.opened(new SqliteEventStore(join(dir, 'events.db'))),
      metrics,
      tracing,
    );
    const checkpoints = closing.opened(openSqliteCheckpoints(join(dir, 'checkpoints.db')));
    const vault = closing.opened(
      await openEmbeddedKeyVault(dir, {
        masterKey: configuration.masterKey?.reveal(),
        announce: (message) => log.warn(message),
        cache: { maxAgeMs: configuration.keyCacheSeconds * 1000 },
      }),
    );
    const engineDir = join(dir, 'warehouse');
    const warehouse = closing.opened(await openWarehouse({ dir: engineDir }));
    const parts = brokenParts(engineDir);
    if (parts.length > 0) log.error({ parts }, LAID_ASIDE);
    const projections = await prepareWarehouse(warehouse, noProjector(warehouse), log);
    const stream = new InProcessStream(eventStore);
    const landing = await startProjector({
      stream,
      warehouse,
      log,
      tracing,
      onLanded: landedBatches(metrics),
    });
    closing.add(() => landing.stop().catch(() => {}));
    await openFeeds(warehouse, projections, landing);
    pruneNowAndThen(warehouse, log, closing);
    return {
      upcasters: new Upcasters(upcasterList),
      eventStore,
      checkpoints,
      vault,
      sealer: new Sealer(vault),
      warehouse,
      brokenParts: () => brokenParts(engineDir).length,
      projections: projectionFiles,
      stream,
      landing,
      places: inProcessPlaces,
      close: closing.close,
    };
  });
