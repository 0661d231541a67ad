import { randomUUID } from 'node:crypto';
import type { EventMetadata, NewEvent } from '#eventing/event';
import { eventId } from '#eventing/ids';

/** A server may hold streams of earlier runs. */
const RUN = randomUUID();
let streams = 0;
export const newStream = (): string => `contract-${RUN}-${++streams}`;

export const metadata = (commandId: string): EventMetadata => ({
  customerId: 'c-1',
  occurredAt: '2024-05-01T10:00:00.000Z',
  businessDate: '2024-05-01',
  actor: 'contract',
  commandId,
  correlationId: commandId,
  causationId: null,
});

/** The i-th event of a stream: always the same one. */
export const event = (stream: string, i: number, text = 'text'): NewEvent => ({
  id: eventId(stream, String(i), 0),
  type: 'NoteTaken',
  schemaVersion: 1,
  data: { i, text },
  metadata: metadata(`cmd-${i}`),
});
