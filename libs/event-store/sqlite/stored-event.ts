import type { EventMetadata, RecordedEvent } from '#eventing/event';

/** All of an event but its data, as the file has it. Only ever add at the end. */
export type Envelope = [
  stream: string,
  revision: number,
  id: string,
  type: string,
  schemaVersion: number,
  customerId: string | null,
  occurredAt: string,
  businessDate: string,
  actor: string,
  commandId: string,
  /** 0: the same as the command id. */
  correlationId: string | 0,
  causationId: string | null,
  traceparent?: string,
];

/** An event as the file has it; its data are parsed only when asked for. */
export class StoredEvent implements RecordedEvent {
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly metadata: EventMetadata;
  #data: unknown;

  constructor(
    readonly position: number,
    readonly recordedAt: string,
    envelope: Envelope,
    readonly dataJson: string,
  ) {
    this.stream = envelope[0];
    this.revision = envelope[1];
    this.id = envelope[2];
    this.type = envelope[3];
    this.schemaVersion = envelope[4];
    this.metadata = metadataOf(envelope);
  }

  get data(): unknown {
    this.#data ??= JSON.parse(this.dataJson);
    return this.#data;
  }
}

const metadataOf = (envelope: Envelope): EventMetadata => {
  const metadata = {
    customerId: envelope[5],
    occurredAt: envelope[6],
    businessDate: envelope[7],
    actor: envelope[8],
    commandId: envelope[9],
    correlationId: envelope[10] === 0 ? envelope[9] : envelope[10],
    causationId: envelope[11],
  };
  return envelope[12] === undefined ? metadata : { ...metadata, traceparent: envelope[12] };
};
