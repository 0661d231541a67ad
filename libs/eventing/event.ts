/** What the domain decides: a fact in the past tense, without its envelope. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

export interface EventMetadata {
  /** The customer the fact is about; null when it concerns none. */
  readonly customerId: string | null;
  /** When it happened in the world: an ISO 8601 instant in UTC. */
  readonly occurredAt: string;
  /** The day of `occurredAt` in the configured business zone, `YYYY-MM-DD`. */
  readonly businessDate: string;
  readonly actor: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly traceparent?: string;
}

/** An event on its way into a store. */
export interface NewEvent<Type extends string = string, Data = unknown> extends DomainEvent<Type, Data> {
  readonly id: string;
  readonly schemaVersion: number;
  readonly metadata: EventMetadata;
}

/** An event as a store returns it. `data` may be parsed when it is first read: take fields, a spread loses it. */
export interface RecordedEvent<Type extends string = string, Data = unknown> extends NewEvent<Type, Data> {
  readonly stream: string;
  /** 0 for the first event of a stream. */
  readonly revision: number;
  /** Place in the order of all events: strictly increasing, not necessarily without gaps. */
  readonly position: number;
  /** ISO 8601 instant in UTC, given by the store. */
  readonly recordedAt: string;
  /** `data` as JSON text, where the store has it so: spares the way to the warehouse a parse and a print. */
  readonly dataJson?: string;
}
