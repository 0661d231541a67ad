import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProjector } from '#apps/projector/projector';
import { upcasters as upcasterList } from '#crm/catalogue';
import { openSqliteCheckpoints } from '#event-store/sqlite/checkpoints';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream } from '#event-stream/in-process/in-process-stream';
import type { Outcome } from '#eventing/command-handler';
import type { Command, CommandMetadata } from '#eventing/decider';
import type { RecordedEvent } from '#eventing/event';
import { Upcasters } from '#eventing/upcaster';
import { openEmbeddedKeyVault } from '#personal-data/sqlite/embedded-key-vault';
import { createLogger } from '#platform/logging';
import { packageRoot } from '#platform/package-root';
import { migrate } from '#warehouse/migrations';
import { openWarehouse } from '#warehouse/warehouse';

/** Says nothing: tests look at what comes of a failure. */
export const silent = createLogger('silent');

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'perennial-'));
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

export type ProcessStores = Awaited<ReturnType<typeof openProcessStores>>;

/** The stores that background processes work on, in a folder that may be opened again as after a crash. */
export const openProcessStores = async (folder: string) => {
  const store = new SqliteEventStore(join(folder, 'events.db'));
  const checkpoints = openSqliteCheckpoints(join(folder, 'checkpoints.db'));
  const vault = await openEmbeddedKeyVault(folder, { announce: () => {} });
  return {
    store,
    checkpoints,
    vault,
    upcasters: new Upcasters(upcasterList),
    log: silent,
    close: async () => {
      await store.close();
      await checkpoints.close();
      await vault.close();
    },
  };
};

/** The same, with a warehouse in which the events are being landed. */
export const openStoresWithWarehouse = async (folder: string) => {
  const stores = await openProcessStores(folder);
  const warehouse = await openWarehouse({ dir: join(folder, 'warehouse') });
  await migrate(warehouse, join(packageRoot(), 'infra', 'clickhouse', 'schema'));
  const landing = await startProjector({
    stream: new InProcessStream(stores.store),
    warehouse,
    log: silent,
  });
  return {
    ...stores,
    warehouse,
    landing,
    landed: (position: number, timeoutMs: number) => landing.waitFor(position, timeoutMs),
    close: async () => {
      await landing.stop();
      await warehouse.close();
      await stores.close();
    },
  };
};

let commands = 0;

/** A command as somebody outside sends it. */
export const outside = <C extends Command>(
  type: C['type'],
  data: C['data'],
  metadata: Partial<CommandMetadata> = {},
): C => {
  commands += 1;
  const customerId = (data as { customerId?: string }).customerId ?? null;
  return {
    type,
    data,
    metadata: {
      commandId: `outside-${commands}`,
      actor: 'spec',
      correlationId: `outside-${commands}`,
      causationId: null,
      customerId,
      occurredAt: '2024-05-01T10:00:00.000Z',
      businessDate: '2024-05-01',
      ...metadata,
    },
  } as C;
};

/** What a stream holds, oldest first. */
export const eventsOf = async (
  { store }: Pick<ProcessStores, 'store'>,
  stream: string,
): Promise<RecordedEvent[]> => {
  const events: RecordedEvent[] = [];
  for await (const event of store.readStream(stream)) events.push(event);
  return events;
};

export const typesOf = async (stores: Pick<ProcessStores, 'store'>, stream: string): Promise<string[]> =>
  (await eventsOf(stores, stream)).map(({ type }) => type);

/** Waits until something is so, looking again whenever the event loop has turned. */
export const until = async (
  what: string,
  isSo: () => Promise<boolean> | boolean,
  ms = 20_000,
): Promise<void> => {
  const deadline = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`Not so after ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

export class Crash extends Error {}

/** Sends so many commands; at the next one the process dies. */
export const dyingAfter = (
  sends: number,
  send: (command: Command) => Promise<Outcome>,
): ((command: Command) => Promise<Outcome>) => {
  let left = sends;
  return async (command) => {
    if (left === 0) throw new Crash();
    left -= 1;
    return send(command);
  };
};
