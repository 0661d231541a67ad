import { eventId } from '#eventing/ids';

/** The line of an event that is fully determined by its position. */
export const eventLine = (position: number, change: object = {}): string =>
  JSON.stringify({
    position,
    event_id: eventId(`sale-${position}`, `command-${position}`, 0),
    stream: `sale-${position}`,
    revision: 0,
    type: 'Sold',
    schema_version: 1,
    customer_id: `customer-${position % 100}`,
    occurred_at: '2024-05-01T10:00:00.000Z',
    business_date: '2024-05-01',
    recorded_at: '2024-05-01T10:00:00.000Z',
    actor: 'test',
    command_id: `command-${position}`,
    correlation_id: `command-${position}`,
    causation_id: '',
    data: { amount: '1.00' },
    ...change,
  });
