import { commandHandler, type Outcome } from './command-handler.js';
import type { Command, Decider, Stored } from './decider.js';
import { conflict, PerennialError } from './errors.js';
import type { DomainEvent, RecordedEvent } from './event.js';
import { type EventStore, WrongExpectedRevision } from './event-store.js';
import { sameContent } from './same-content.js';
import type { Upcasters } from './upcaster.js';

export interface Expectation {
  /** What the caller expects the stream's revision to be (`If-Match`); -1 for none. */
  readonly ifRevision?: number;
  /** The caller said when it happened; otherwise the time in the command is that of its arrival. */
  readonly timeGiven: boolean;
}

/**
 * The command handler for callers who choose their command ids and may choose wrongly: a command that comes again
 * under its id must be the same command, and one that left its time out is recognised whenever it comes again.
 * Follow-ups of policies need neither, because their ids are made of what caused them.
 */
export const outsideCommandHandler = (store: EventStore, upcasters: Upcasters) => {
  const handle = commandHandler(store, upcasters);
  return async <State, C extends Command, E extends DomainEvent>(
    decider: Decider<State, C, E>,
    stream: string,
    command: C,
    { ifRevision, timeGiven }: Expectation,
  ): Promise<Outcome> => {
    try {
      const outcome = await handle(decider, stream, command, ifRevision);
      if (outcome.status === 'accepted') return outcome;
      const history = await read(store, upcasters, decider, stream, command);
      if (
        history.repeated.events.length === 0 ||
        isSameCommand(decider, command, history.repeated, timeGiven)
      )
        return outcome;
      throw conflict('command-id-reused', 'Another command was sent under this id before.');
    } catch (error) {
      if (error instanceof WrongExpectedRevision && ifRevision === undefined)
        throw new PerennialError(
          'unavailable',
          'stream-contended',
          `Others changed ${stream} time and again.`,
        );
      if (timeGiven || !(error instanceof PerennialError) || error.kind !== 'conflict') throw error;
      const earlier = saidBefore(decider, command, await read(store, upcasters, decider, stream, command));
      if (!earlier) throw error;
      const { revision, position } = earlier;
      return { status: 'repeated', stream, revision, position };
    }
  };
};

interface History<State> {
  readonly state: State;
  readonly events: readonly RecordedEvent[];
  /** What the command led to when it was carried out, and the state in which it was decided. */
  readonly repeated: { readonly before: State; readonly events: readonly RecordedEvent[] };
}

const read = async <State, C extends Command, E extends DomainEvent>(
  store: EventStore,
  upcasters: Upcasters,
  decider: Decider<State, C, E>,
  stream: string,
  { metadata: { commandId } }: C,
): Promise<History<State>> => {
  const events: RecordedEvent[] = [];
  let state = decider.initialState;
  let before = state;
  for await (const stored of store.readStream(stream)) {
    const event = upcasters.upcast(stored);
    if (event.metadata.commandId === commandId && !events.some((e) => e.metadata.commandId === commandId))
      before = state;
    state = decider.evolve(state, event as DomainEvent as Stored<E>);
    events.push(event);
  }
  const repeated = events.filter(({ metadata }) => metadata.commandId === commandId);
  return { state, events, repeated: { before, events: repeated } };
};

/** Deciders are pure: the same command in the same state leads to the same events, or it is not the same. */
const isSameCommand = <State, C extends Command, E extends DomainEvent>(
  decider: Decider<State, C, E>,
  command: C,
  { before, events }: History<State>['repeated'],
  timeGiven: boolean,
): boolean => {
  const [first] = events;
  if (timeGiven && first?.metadata.occurredAt !== command.metadata.occurredAt) return false;
  const decided = decideAt(decider, command, first as RecordedEvent, before);
  if (decided instanceof PerennialError) {
    // What it was told of other streams may have changed since: a no to that is no other command.
    if (decided.kind === 'refused') return true;
    throw decided;
  }
  return (
    decided.length === events.length &&
    events.every(({ type, data }, i) => type === decided[i]?.type && sameContent(asStored(decided[i]), data))
  );
};

/** The event that says already what the command says, had it happened at the same time. */
const saidBefore = <State, C extends Command, E extends DomainEvent>(
  decider: Decider<State, C, E>,
  command: C,
  { state, events, repeated }: History<State>,
): RecordedEvent | undefined => {
  if (repeated.events.length > 0) return undefined;
  return events.find((event) => {
    const decided = decideAt(decider, command, event, state);
    return !(decided instanceof PerennialError) && decided.length === 0;
  });
};

const decideAt = <State, C extends Command, E extends DomainEvent>(
  decider: Decider<State, C, E>,
  command: C,
  { metadata: { customerId, occurredAt, businessDate } }: RecordedEvent,
  state: State,
): readonly E[] | PerennialError => {
  try {
    return decider.decide(
      { ...command, metadata: { ...command.metadata, customerId, occurredAt, businessDate } },
      state,
    );
  } catch (error) {
    if (error instanceof PerennialError) return error;
    throw error;
  }
};

/** As it comes back from a store: fields that are undefined are gone. */
const asStored = ({ data }: DomainEvent): unknown => JSON.parse(JSON.stringify(data));
