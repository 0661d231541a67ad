import { PerennialError } from '#eventing/errors';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import type { Warehouse } from '#warehouse/warehouse';
import type { CustomerEvents } from './customer-reader.js';

interface Row {
  readonly event_id: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
  readonly type: string;
  readonly schema_version: number;
  readonly customer_id: string;
  /** Milliseconds since 1970. */
  readonly occurred: number;
  readonly recorded: number;
  readonly business_date: string;
  readonly actor: string;
  readonly command_id: string;
  readonly correlation_id: string;
  readonly causation_id: string;
  readonly data: string;
}

const CATCH_UP_MS = 30_000;

/** The event store knows streams, the warehouse knows customers: it is asked for the events of one. */
export const warehouseCustomerEvents = (
  warehouse: Warehouse,
  store: EventStore,
  waitFor: (position: number, timeoutMs: number) => Promise<boolean>,
): CustomerEvents => ({
  before: async (customerIds, position, limit) => {
    const rows = await warehouse.rows<Row>(
      `SELECT event_id, stream, revision, position, type, schema_version, customer_id, data, actor, command_id,
         correlation_id, causation_id, toString(business_date) AS business_date,
         toUnixTimestamp64Milli(occurred_at) AS occurred, toUnixTimestamp64Milli(recorded_at) AS recorded
       FROM crm.events WHERE customer_id IN {ids:Array(String)} AND position < {position:UInt64}
       ORDER BY position DESC LIMIT {limit:UInt32}`,
      { ids: customerIds, position, limit },
    );
    return rows.map(asRecorded);
  },
  catchUp: async () => {
    if (await waitFor(await store.head(), CATCH_UP_MS)) return;
    throw new PerennialError('unavailable', 'warehouse-behind', 'The warehouse is behind; try again later.');
  },
});

const asRecorded = (row: Row): RecordedEvent => ({
  id: row.event_id,
  stream: row.stream,
  revision: row.revision,
  position: row.position,
  type: row.type,
  schemaVersion: row.schema_version,
  recordedAt: new Date(row.recorded).toISOString(),
  data: JSON.parse(row.data),
  metadata: {
    customerId: row.customer_id === '' ? null : row.customer_id,
    occurredAt: new Date(row.occurred).toISOString(),
    businessDate: row.business_date,
    actor: row.actor,
    commandId: row.command_id,
    correlationId: row.correlation_id,
    causationId: row.causation_id === '' ? null : row.causation_id,
  },
});
