import {
  type AppendExpectedRevision,
  type EventData,
  type JSONType,
  jsonEvent,
  type Position,
  type ResolvedEvent,
} from '@eventstore/db-client';
import type { EventMetadata, NewEvent, RecordedEvent } from '#eventing/event';
import type { ExpectedRevision } from '#eventing/event-store';

/** EventStoreDB knows no schema version, so it travels with the metadata. */
interface StoredMetadata extends EventMetadata {
  readonly schemaVersion: number;
}

export const eventData = ({ id, type, data, schemaVersion, metadata }: NewEvent): EventData =>
  jsonEvent({ id, type, data: (data ?? null) as JSONType, metadata: { schemaVersion, ...metadata } });

/** Undefined for what is not ours to see: the store's own events, and those other programs have put in. */
export const recordedEvent = ({ event }: ResolvedEvent): RecordedEvent | undefined => {
  if (!event?.isJson || !isOursByName(event.type, event.streamId)) return undefined;
  const stored: unknown = event.metadata;
  if (!isOurs(stored)) return undefined;
  const { schemaVersion, ...metadata } = stored;
  return {
    id: event.id,
    type: event.type,
    schemaVersion,
    data: event.data,
    metadata,
    stream: event.streamId,
    revision: safeNumber(event.revision),
    position: safeNumber(event.position?.commit),
    recordedAt: event.created.toISOString(),
  };
};

export const isOursByName = (type: string, stream: string): boolean =>
  !type.startsWith('$') && !stream.startsWith('$');

export const isOurs = (metadata: unknown): metadata is StoredMetadata =>
  typeof metadata === 'object' && metadata !== null && 'schemaVersion' in metadata && 'commandId' in metadata;

/** @throws RangeError for what a number cannot hold; servers before 22.6 do not tell positions at all */
export const safeNumber = (value: bigint | number | string | undefined): number => {
  const number = value === undefined ? Number.NaN : Number(value);
  if (!Number.isSafeInteger(number))
    throw new RangeError(`EventStoreDB gave a position that cannot be used: ${value}`);
  return number;
};

export const clientRevision = (expected: ExpectedRevision): AppendExpectedRevision => {
  if (expected === 'no-stream') return 'no_stream';
  if (expected === 'stream-exists') return 'stream_exists';
  return expected === 'any' ? 'any' : BigInt(expected);
};

/** Undefined before the first event (-1 says so, too): the log has no position there that a request could name. */
export const clientPosition = (after: number | undefined): Position | undefined =>
  after === undefined || after < 0 ? undefined : { commit: BigInt(after), prepare: BigInt(after) };
