import type { Command, CommandMetadata, Decider, Stored } from './decider.js';
import type { DomainEvent, NewEvent, RecordedEvent } from './event.js';
import {
  type AppendResult,
  type EventStore,
  EventStoreUnavailable,
  type ExpectedRevision,
  WrongExpectedRevision,
} from './event-store.js';
import { eventId } from './ids.js';
import type { Upcasters } from './upcaster.js';

export interface Outcome {
  /** `repeated`: nothing was appended, because the same command or the same fact is already there. */
  readonly status: 'accepted' | 'repeated';
  readonly stream: string;
  readonly revision: number;
  readonly position: number;
}

/** Of many who meet at one stream one gets on in each round, so that this many can meet. */
const MAX_CONFLICTS = 64;
/** With the pauses between them these last about two and a half seconds: time enough for a connection to come back. */
const MAX_RESENDS = 8;
const FIRST_PAUSE_MS = 10;

/**
 * Reads the stream, folds, decides, appends; on a conflict reads and decides again.
 * @param ifRevision what the caller expects the stream's revision to be (`If-Match`); -1 for none
 */
export const commandHandler =
  (store: EventStore, upcasters: Upcasters) =>
  async <State, C extends Command, E extends DomainEvent>(
    decider: Decider<State, C, E>,
    stream: string,
    command: C,
    ifRevision?: number,
  ): Promise<Outcome> => {
    for (let attempt = 1; ; attempt++) {
      const { state, first, last, repeated } = await load(
        store,
        upcasters,
        decider,
        stream,
        command.metadata.commandId,
      );
      if (repeated) return answer('repeated', stream, repeated);
      const actual = last?.revision ?? -1;
      if (ifRevision !== undefined && ifRevision !== actual)
        throw new WrongExpectedRevision(stream, ifRevision, actual);
      // Whom a stream concerns is fixed by its first event for ever: it is the key that keeps a customer's order.
      const metadata = first
        ? { ...command.metadata, customerId: first.metadata.customerId }
        : command.metadata;
      const decided = decider.decide({ ...command, metadata }, state);
      if (decided.length === 0) return answer('repeated', stream, last ?? { revision: -1, position: -1 });
      const events = decided.map((event, index) => envelope(event, metadata, stream, index, upcasters));
      try {
        return answer(
          'accepted',
          stream,
          await appendSurely(store, stream, events, last ? actual : 'no-stream'),
        );
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision) || attempt > MAX_CONFLICTS) throw error;
      }
    }
  };

/** The state of a stream, for reads outside a command. */
export const loadState = async <State, C extends Command, E extends DomainEvent>(
  store: EventStore,
  upcasters: Upcasters,
  decider: Decider<State, C, E>,
  stream: string,
): Promise<{ state: State; revision: number; position: number }> => {
  const { state, last } = await load(store, upcasters, decider, stream);
  return { state, revision: last?.revision ?? -1, position: last?.position ?? -1 };
};

const load = async <State, C extends Command, E extends DomainEvent>(
  store: EventStore,
  upcasters: Upcasters,
  decider: Decider<State, C, E>,
  stream: string,
  commandId?: string,
) => {
  let state = decider.initialState;
  let first: RecordedEvent | undefined;
  let last: RecordedEvent | undefined;
  let repeated: RecordedEvent | undefined;
  for await (const event of store.readStream(stream)) {
    state = decider.evolve(state, upcasters.upcast(event) as DomainEvent as Stored<E>);
    first ??= event;
    last = event;
    if (event.metadata.commandId === commandId) repeated = event;
  }
  return { state, first, last, repeated };
};

const envelope = (
  { type, data }: DomainEvent,
  metadata: CommandMetadata,
  stream: string,
  index: number,
  upcasters: Upcasters,
): NewEvent => ({
  id: eventId(stream, metadata.commandId, index),
  type,
  schemaVersion: upcasters.currentVersion(type),
  data,
  metadata,
});

/** An append whose outcome is unknown is sent again as it is: the store recognises it. */
const appendSurely = async (
  store: EventStore,
  stream: string,
  events: readonly NewEvent[],
  expectedRevision: ExpectedRevision,
): Promise<AppendResult> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await store.append(stream, events, { expectedRevision });
    } catch (error) {
      if (!(error instanceof EventStoreUnavailable) || attempt > MAX_RESENDS) throw error;
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const answer = (
  status: Outcome['status'],
  stream: string,
  { revision, position }: { revision: number; position: number },
): Outcome => ({ status, stream, revision, position });
