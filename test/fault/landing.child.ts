import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startProjector } from '#apps/projector/projector';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream } from '#event-stream/in-process/in-process-stream';
import { createLogger } from '#platform/logging';
import { appendSales } from '#test/support/sales';
import { migrate } from '#warehouse/migrations';
import { openWarehouse, type Warehouse } from '#warehouse/warehouse';

/**
 * Appends events and lands them, until it is killed; with `finish` it lands what is there and ends. As the mutant
 * `forgetful` it never tells the engine that an insert is the same as one before.
 */
const [dir, task, mutant] = process.argv.slice(2) as [string, 'load' | 'finish', string | undefined];

const forgetful = (warehouse: Warehouse): Warehouse =>
  Object.assign(Object.create(warehouse), {
    connect: async () => forgetful(await warehouse.connect()),
    insertLines: (table: string, lines: Buffer | string) =>
      warehouse.insertLines(table, lines, { insert_deduplication_token: randomUUID() }),
  });

const VIEWS = `
  CREATE TABLE IF NOT EXISTS crm.rows_seen (position UInt64, stream String)
    ENGINE = MergeTree ORDER BY position SETTINGS non_replicated_deduplication_window = 100000;
  CREATE MATERIALIZED VIEW IF NOT EXISTS crm.rows_feed TO crm.rows_seen AS SELECT position, stream FROM crm.events;
  CREATE TABLE IF NOT EXISTS crm.sums_seen (customer_id String, sales UInt64, positions UInt64)
    ENGINE = SummingMergeTree ORDER BY customer_id SETTINGS non_replicated_deduplication_window = 100000;
  CREATE MATERIALIZED VIEW IF NOT EXISTS crm.sums_feed TO crm.sums_seen AS
    SELECT customer_id, count() AS sales, sum(position) AS positions FROM crm.events GROUP BY customer_id`;

const store = new SqliteEventStore(join(dir, 'events.db'));
const warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
await migrate(warehouse, join(import.meta.dirname, '../../infra/clickhouse/schema'));
for (const statement of VIEWS.split(';')) await warehouse.command(statement);
const projector = await startProjector({
  stream: new InProcessStream(store),
  warehouse: mutant === 'forgetful' ? forgetful(warehouse) : warehouse,
  log: createLogger('error'),
});

let appended = Math.max(0, await store.head());
const loop = async () => {
  while (task === 'load') {
    const last = await appendSales(store, appended + 1, 200);
    appended += 200;
    // Never far ahead, so that it is always in the midst of some batch.
    await projector.waitFor(last - 400, 60_000);
    void projector.waitFor(last, 60_000).then(() => console.log(`landed ${last}`));
  }
};
await Promise.race([loop(), projector.done]);

await projector.waitFor(await store.head(), 60_000);
await projector.stop();
await warehouse.close();
await store.close();
console.log('finished');
