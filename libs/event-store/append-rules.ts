import { invalid, type PerennialError } from '#eventing/errors';
import type { NewEvent } from '#eventing/event';
import {
  AppendTooLarge,
  type ExpectedRevision,
  MAX_APPEND_BYTES,
  MAX_EVENT_BYTES,
} from '#eventing/event-store';

/** Names that begin so belong to the store itself, and are invisible through the port. */
const SYSTEM = '$';
const UUID_LENGTH = 36;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What no adapter takes, so that a stream written in one can be moved to the other. */
export const appendProblem = (
  stream: string,
  events: readonly NewEvent[],
  expected: ExpectedRevision,
): PerennialError | undefined => {
  if (events.length === 0) return invalid('empty-append', 'An append needs at least one event.');
  for (const { id, type } of events) {
    if (type === '' || type.startsWith(SYSTEM)) return invalid('event-type', `Not an event type: '${type}'`);
    if (id.length !== UUID_LENGTH) return invalid('event-id', `Not a UUID: '${id}'`);
  }
  return streamProblem(stream) ?? expectedRevisionProblem(expected);
};

export const streamProblem = (stream: string): PerennialError | undefined => {
  if (stream === '' || stream.startsWith(SYSTEM))
    return invalid('stream-name', `Not a name for a stream: '${stream}'`);
  // Stored as UTF-8, it would come back as another name.
  return LONE_SURROGATE.test(stream)
    ? invalid('stream-name', 'The name of the stream is not Unicode.')
    : undefined;
};

export const expectedRevisionProblem = (expected: ExpectedRevision): PerennialError | undefined =>
  typeof expected !== 'number' || (Number.isSafeInteger(expected) && expected >= 0)
    ? undefined
    : invalid('expected-revision', `Not a revision: ${expected}`);

/** Fewer characters than this cannot exceed a limit, though each may take six in JSON. */
const SURELY_SMALL = MAX_EVENT_BYTES / 8;

export const sizeProblem = (
  events: readonly { readonly event: NewEvent; readonly dataJson: string }[],
): AppendTooLarge | undefined => {
  let characters = 0;
  for (const { event, dataJson } of events) characters += dataJson.length + roughLength(event);
  if (characters < SURELY_SMALL) return undefined;
  let total = 0;
  for (const { event, dataJson } of events) {
    const bytes = Buffer.byteLength(dataJson) + Buffer.byteLength(JSON.stringify(event.metadata));
    if (bytes > MAX_EVENT_BYTES)
      return new AppendTooLarge(`An event has at most ${MAX_EVENT_BYTES} bytes; this one has ${bytes}.`);
    total += bytes;
  }
  return total > MAX_APPEND_BYTES
    ? new AppendTooLarge(`An append has at most ${MAX_APPEND_BYTES} bytes; this one has ${total}.`)
    : undefined;
};

/** The strings in the metadata that have no bound of their own, and enough for the rest. */
const roughLength = ({ metadata }: NewEvent): number =>
  300 +
  metadata.actor.length +
  metadata.commandId.length +
  metadata.correlationId.length +
  (metadata.customerId?.length ?? 0) +
  (metadata.causationId?.length ?? 0) +
  (metadata.traceparent?.length ?? 0);
