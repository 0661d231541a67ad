import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProjector } from '#apps/projector/projector';
import { SqliteEventStore } from '#event-store/sqlite/sqlite-event-store';
import { InProcessStream } from '#event-stream/in-process/in-process-stream';
import { landingLine } from '#event-stream/landing-line';
import type { NewEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';
import { createLogger } from '#platform/logging';
import { batchOf } from '#warehouse/landing/rows';
import { migrate } from '#warehouse/migrations';
import { openWarehouse } from '#warehouse/warehouse';

/**
 * Events from the event store into crm.events, through the projector, against the same bytes inserted as they are;
 * in turn, several times, no projections. Prints the rates and their ratio.
 */
const EVENTS = Number(process.argv[2] ?? 200_000);
const ROUNDS = Number(process.argv[3] ?? 3);
const BATCH = 20_000;

const purchase = (number: number): NewEvent => {
  const commandId = `import-${number}`;
  const customerId = `customer-${number % 5000}`;
  return {
    id: eventId(`purchase-${number}`, commandId, 0),
    type: 'PurchaseRecorded',
    schemaVersion: 1,
    data: {
      orderId: String(number),
      customerId,
      kind: 'sale',
      lines: [{ sku: 'sku-12', quantity: 2, unitPrice: { amount: '12.34', currency: 'EUR' } }],
      total: { amount: '24.68', currency: 'EUR' },
      channel: 'web',
    },
    metadata: {
      customerId,
      occurredAt: '2024-05-01T10:00:00.000Z',
      businessDate: '2024-05-01',
      actor: 'shop',
      commandId,
      correlationId: commandId,
      causationId: null,
    },
  };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
};

const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
const store = new SqliteEventStore(join(dir, 'events.db'));
const warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
const log = createLogger('error');

for (let from = 0; from < EVENTS; from += BATCH)
  await Promise.all(
    Array.from({ length: Math.min(BATCH, EVENTS - from) }, (_, i) =>
      store.append(`purchase-${from + i}`, [purchase(from + i)], { expectedRevision: 'no-stream' }),
    ),
  );

const emptied = async () => {
  await warehouse.command('DROP DATABASE IF EXISTS crm SYNC');
  await migrate(warehouse, join(import.meta.dirname, '../../infra/clickhouse/schema'));
};

const batches: Buffer[] = [];
for (let after = 0; after < EVENTS; after += BATCH) {
  const records = [];
  for await (const event of store.readAll({ after, limit: BATCH }))
    records.push({ offset: event.position, ...landingLine(event) });
  batches.push(batchOf(0, records).rows);
}
const bytes = batches.reduce((sum, { length }) => sum + length, 0);

const insertedRaw = async () => {
  for (const batch of batches) await warehouse.insertLines('crm.events', batch);
};

const landed = async () => {
  const projector = await startProjector({ stream: new InProcessStream(store), warehouse, log });
  if (!(await projector.waitFor(EVENTS, 120_000))) throw new Error('not landed in time');
  return projector;
};

const raw: number[] = [];
const landing: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  await emptied();
  raw.push(await timed(insertedRaw));
  await emptied();
  let projector: Awaited<ReturnType<typeof landed>> | undefined;
  landing.push(
    await timed(async () => {
      projector = await landed();
    }),
  );
  await projector?.stop();
}

const rate = (seconds: number) => Math.round(EVENTS / seconds).toLocaleString('en');
console.log(`${EVENTS.toLocaleString('en')} events, ${(bytes / EVENTS).toFixed(0)} bytes each`);
console.log(`raw insert of the same bytes  ${rate(median(raw))} events/s`);
console.log(`landing from the event store  ${rate(median(landing))} events/s`);
console.log(`ratio                         ${(median(raw) / median(landing)).toFixed(2)} (target 0.70)`);

await warehouse.close();
await store.close();
rmSync(dir, { recursive: true });
