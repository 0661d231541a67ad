import { join } from 'node:path';
import { startProjector } from '#apps/projector/projector';
import { upcasters as upcasterList } from '#crm/catalogue';
import { openSqliteCheckpoints } from '#event-store/sqlite/checkpoints';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream, inProcessNumbering } from '#event-stream/in-process/in-process-stream';
import { Upcasters } from '#eventing/upcaster';
import { Sealer } from '#personal-data/sealer';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';
import type { Configuration } from '#platform/configuration';
import type { Logger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import { dropScratchTables } from '#warehouse/columns';
import { migrate } from '#warehouse/migrations';
import { readSources } from '#warehouse/projection-status';
import { openFeeds } from '#warehouse/projection-upkeep';
import { startProjections } from '#warehouse/projections';
import { ReadOnlyWarehouse } from '#warehouse/read-only';
import { openWarehouse } from '#warehouse/warehouse';

/** Everything that keeps something, on the embedded set: files of one directory, engines in this process. */
export type Stores = Awaited<ReturnType<typeof openStores>>;

/** An audience may be as large as a company's list of customers. */
const MOST_CUSTOMERS = 1_000_000_000;

/** Opens the stores, makes the warehouse agree with its migrations and projections, and begins to land events. */
export const openStores = async (configuration: Configuration, log: Logger) => {
  const { dataDirectory: dir } = configuration;
  const closing: (() => unknown)[] = [];
  const opened = <Store extends { close(): unknown }>(store: Store): Store => {
    closing.unshift(() => store.close());
    return store;
  };
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0)) await step();
  };
  try {
    const eventStore = opened(new SqliteEventStore(join(dir, 'events.db')));
    const checkpoints = opened(openSqliteCheckpoints(join(dir, 'checkpoints.db')));
    const vault = opened(
      await openEmbeddedKeyVault(dir, {
        masterKey: configuration.masterKey?.reveal(),
        announce: (message) => log.warn(message),
        cache: { maxAgeMs: configuration.keyCacheSeconds * 1000 },
      }),
    );
    const warehouse = opened(await openWarehouse({ dir: join(dir, 'warehouse') }));
    const projections = await prepareWarehouse(warehouse, log);
    const stream = new InProcessStream(eventStore);
    const landing = await startProjector({ stream, warehouse, log });
    closing.unshift(() => landing.stop().catch(() => {}));
    await openFeeds(warehouse, projections, landing);
    const { sqlMaxMemory: maxMemoryBytes, sqlMaxSeconds: maxSeconds, sqlMaxRows: maxRows } = configuration;
    return {
      upcasters: new Upcasters(upcasterList),
      eventStore,
      checkpoints,
      vault,
      sealer: new Sealer(vault),
      warehouse,
      projections: () => readSources(infra),
      landing,
      numbering: inProcessNumbering,
      readOnly: new ReadOnlyWarehouse(warehouse, { maxMemoryBytes, maxSeconds, maxRows }),
      segments: new ReadOnlyWarehouse(warehouse, { maxMemoryBytes, maxSeconds, maxRows: MOST_CUSTOMERS }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Migrations, projections, reports, upcasters' twins. */
const infra = join(packageRoot(), 'infra', 'clickhouse');

const prepareWarehouse = async (warehouse: Awaited<ReturnType<typeof openWarehouse>>, log: Logger) => {
  await migrate(warehouse, join(infra, 'schema'));
  await dropScratchTables(warehouse);
  const projections = readSources(infra);
  for (const { name, state, reason } of await startProjections(warehouse, projections))
    if (state !== 'current') log.warn({ projection: name, state, reason }, 'a projection needs attention');
  return projections;
};
