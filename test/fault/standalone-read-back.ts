import { join } from 'node:path';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { inProcessPlaces } from '#event-stream/in-process/in-process-stream';
import type { RecordedEvent } from '#eventing/event';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';
import { packageRoot } from '#platform/package-root';
import { noProjector } from '#warehouse/boundary';
import { parity } from '#warehouse/projection-build';
import { hasTable } from '#warehouse/projection-feed';
import { isLive, versions } from '#warehouse/projection-ledger';
import { readSources } from '#warehouse/projection-status';
import { verify } from '#warehouse/verify/verify';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { checkProcesses, customerStates, type Finding } from './standalone-checker.js';
import { checkViews } from './standalone-views.js';

/** Reads what a server that has ended left in its data directory. */
export const readEvents = async (dir: string): Promise<RecordedEvent[]> => {
  const store = new SqliteEventStore(join(dir, 'events.db'));
  const events: RecordedEvent[] = [];
  for await (const event of store.readAll()) events.push(event);
  await store.close();
  return events;
};

/** The warehouse agrees with the events: every event, every table, every public view. */
export const checkWarehouse = async (dir: string, events: readonly RecordedEvent[]): Promise<Finding[]> => {
  const store = new SqliteEventStore(join(dir, 'events.db'));
  const warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
  try {
    const upTo = await store.head();
    const { differences } = await verify(store, warehouse, { places: inProcessPlaces, upTo });
    return [
      ...differences.map(({ kind, ...where }) => ({
        kind: kind === 'doubled' ? ('doubled' as const) : ('lost' as const),
        what: `verify: ${kind} ${JSON.stringify(where)}`,
      })),
      ...(await checkTables(warehouse)),
      ...(await checkViews(events, warehouse)),
    ];
  } finally {
    await warehouse.close();
    await store.close();
  }
};

/** Every table of a projection has the rows that its SELECT makes of the events, no more and no less. */
export const checkTables = async (warehouse: Warehouse): Promise<Finding[]> => {
  const { definitions: projections } = readSources(join(packageRoot(), 'infra', 'clickhouse'));
  const found: Finding[] = [];
  const live = (await versions(warehouse)).filter(isLive);
  for (const definition of projections.filter(hasTable)) {
    const version = live.find(({ name }) => name === definition.name);
    if (version?.state !== 'live') {
      found.push({ kind: 'lost', what: `the projection ${definition.name} is ${version?.state}` });
      continue;
    }
    const compared = await parity(warehouse, definition, version.version, [], noProjector(warehouse));
    if (compared.equal) continue;
    const { rows, expectedRows } = compared;
    const kind = rows > expectedRows ? 'doubled' : 'lost';
    found.push({ kind, what: `${definition.name} has ${rows} rows for ${expectedRows}` });
  }
  return found;
};

/** Nothing that goes on over several streams, or over events and keys, is half done. */
export const checkSettled = async (dir: string, events: readonly RecordedEvent[]): Promise<Finding[]> => {
  const vault = await openEmbeddedKeyVault(dir, { announce: () => {} });
  try {
    const ids = [...customerStates(events).keys()];
    const tombstones = new Set<string>();
    for (const id of ids) if (await vault.isErased(id)) tombstones.add(id);
    const keys = new Set((await vault.existingKeys(ids)).keys());
    return checkProcesses(events, { tombstones, keys });
  } finally {
    await vault.close();
  }
};
