import type { DomainEvent, EventMetadata } from './event.js';

/** Whose hand a command is, and when what it reports happened. Time and ids come from outside: deciders are pure. */
export interface CommandMetadata {
  readonly commandId: string;
  readonly actor: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly traceparent?: string;
  readonly customerId: string | null;
  readonly occurredAt: string;
  readonly businessDate: string;
}

export interface Command<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
  readonly metadata: CommandMetadata;
}

/** An event as its stream holds it: with the time at which it happened. */
export type Stored<E extends DomainEvent> = E & { readonly metadata: EventMetadata };

/** An aggregate. `decide` returns no event when the command repeats what is already so; `evolve` never throws. */
export interface Decider<State, C extends Command, E extends DomainEvent> {
  readonly initialState: State;
  decide(command: C, state: State): readonly E[];
  evolve(state: State, event: Stored<E>): State;
}
