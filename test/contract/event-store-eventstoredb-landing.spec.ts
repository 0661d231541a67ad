import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startProjector } from '#apps/projector/projector';
import { EventStoreDb } from '#event-store/eventstoredb/event-store-db';
import { InProcessStream } from '#event-stream/in-process/in-process-stream';
import { packageRoot } from '#platform/package-root';
import { newFolder, removeFolder, silent } from '#test/support/process-stores';
import { migrate } from '#warehouse/migrations';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';
import { EventStoreDbDouble } from '../support/eventstoredb-double/double.js';
import { appendSurely, appendTo } from './event-store.contract.js';
import { newStream } from './event-store-events.js';

describe('landing from EventStoreDB', () => {
  let folder: string;
  let double: EventStoreDbDouble;
  let store: EventStoreDb;
  let warehouse: Warehouse;
  beforeEach(async () => {
    folder = newFolder();
    double = new EventStoreDbDouble(join(folder, 'events.db'));
    store = new EventStoreDb(await double.listen());
    warehouse = await openWarehouse({ dir: join(folder, 'warehouse') });
    await migrate(warehouse, join(packageRoot(), 'infra', 'clickhouse', 'schema'));
  });
  afterEach(async () => {
    await warehouse.close();
    await store.close();
    await double.close();
    removeFolder(folder);
  });

  const startLanding = () => startProjector({ stream: new InProcessStream(store), warehouse, log: silent });

  const landedRevisions = async (stream: string): Promise<number[]> => {
    const rows = await warehouse.rows<{ revision: number }>(
      `SELECT toUInt32(revision) AS revision FROM crm.events WHERE stream = '${stream}' ORDER BY position`,
    );
    return rows.map(({ revision }) => revision);
  };

  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

  it('lands what was there before it began, what comes then, and what comes after a lost connection', async () => {
    const stream = newStream();
    await appendTo(store, stream, 0, 50, 'no-stream');
    const landing = await startLanding();
    expect(await landing.waitFor(await store.head(), 10_000)).toBe(true);
    expect(await landedRevisions(stream)).toEqual(upTo(50));

    for (let i = 50; i < 70; i += 5) await appendTo(store, stream, i, 5, i - 1);
    expect(await landing.waitFor(await store.head(), 10_000)).toBe(true);
    expect(await landedRevisions(stream)).toEqual(upTo(70));

    for (let i = 70; i < 130; i += 5) {
      if (i % 20 === 10) double.dropConnections();
      await appendSurely(store, stream, i, 5);
    }
    expect(await landing.waitFor(await store.head(), 10_000)).toBe(true);
    expect(await landedRevisions(stream)).toEqual(upTo(130));
    await landing.stop();
  });

  it('begins on an empty store, and goes on where it stopped', async () => {
    const stream = newStream();
    const first = await startLanding();
    await appendTo(store, stream, 0, 10, 'no-stream');
    expect(await first.waitFor(await store.head(), 10_000)).toBe(true);
    await first.stop();
    await appendTo(store, stream, 10, 10, 9);
    const second = await startLanding();
    expect(await second.waitFor(await store.head(), 10_000)).toBe(true);
    expect(await landedRevisions(stream)).toEqual(upTo(20));
    await second.stop();
  });
});
