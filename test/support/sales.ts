import type { NewEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { eventId } from '#eventing/ids';

/** An event that is fully determined by its number. */
export const sale = (number: number, note = ''): NewEvent => ({
  id: eventId(`sale-${number}`, `command-${number}`, 0),
  type: 'Sold',
  schemaVersion: 1,
  data: { amount: (number % 97).toFixed(2), note },
  metadata: {
    customerId: `customer-${number % 100}`,
    occurredAt: new Date(Date.UTC(2024, 0, 1) + number * 60_000).toISOString(),
    businessDate: new Date(Date.UTC(2024, 0, 1) + number * 60_000).toISOString().slice(0, 10),
    actor: 'test',
    commandId: `command-${number}`,
    correlationId: `command-${number}`,
    causationId: null,
  },
});

/** Appends sales, each to a stream of its own, in commits of many; answers the position of the last. */
export const appendSales = async (
  store: EventStore,
  from: number,
  count: number,
  note?: string,
): Promise<number> => {
  const appends = Array.from({ length: count }, (_, i) =>
    store.append(`sale-${from + i}`, [sale(from + i, note)], { expectedRevision: 'no-stream' }),
  );
  return Math.max(...(await Promise.all(appends)).map(({ position }) => position));
};
