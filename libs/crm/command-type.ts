import type { Command, Decider } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';

/** All that the world outside needs to know of a command to run it; every aggregate file exports its own. */
export interface CommandType<
  State = unknown,
  C extends Command = Command,
  E extends DomainEvent = DomainEvent,
> {
  readonly type: C['type'];
  readonly decider: Decider<State, C, E>;
  /** The stream that the command is decided on. */
  stream(data: C['data']): string;
  /** The customer it concerns, null for none, undefined for 'as the first event of its stream says'. */
  customer(data: C['data']): string | null | undefined;
  /** The field that names the new thing; the server makes it when the caller left it out. */
  readonly idField?: string;
  /** Dotted paths of the personal fields, sealed before the command is decided: `address.street`, `notes[].text`. */
  readonly personal: readonly string[];
  /** Fields that the command side fills in from other streams, and that nobody outside may send. */
  readonly filledByServer?: readonly string[];
  /** Waits for all commands before it and holds up all after it, because it touches several customers. */
  readonly barrier?: true;
  /** Only policies send it; a request from outside may not. */
  readonly internal?: true;
}

/** For lists of command types of many aggregates, each of which is type-safe in itself. */
// biome-ignore lint/suspicious/noExplicitAny: the state of one aggregate is nobody else's business
export type AnyCommandType = CommandType<any, any, any>;
