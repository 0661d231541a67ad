import { createHash } from 'node:crypto';
import type { RecordedEvent } from '#eventing/event';

/**
 * A 64-bit checksum of everything that crm.events holds of an event but its place; `CHECKSUM` is the same in SQL.
 * MD5, because all sides have it; it is to find mistakes, not forgers.
 */
export const eventChecksum = (event: RecordedEvent): bigint => {
  const { metadata } = event;
  return checksumOf([
    event.position,
    event.id.toLowerCase(),
    event.stream,
    event.revision,
    event.type,
    event.schemaVersion,
    metadata.customerId ?? '',
    Date.parse(metadata.occurredAt),
    metadata.businessDate,
    Date.parse(event.recordedAt),
    metadata.actor,
    metadata.commandId,
    metadata.correlationId,
    metadata.causationId ?? '',
    event.dataJson ?? JSON.stringify(event.data),
  ]);
};

/** What a record of the topic says of its event. */
export interface LineContent {
  readonly position: number;
  /** UTC, by when it was recorded. */
  readonly day: string;
  readonly checksum: bigint;
}

const DATA = ',"data":';

/** The same of the line that landing-line.ts makes; undefined for what is no such line. */
export const lineContent = (line: string): LineContent | undefined => {
  // Nothing before it can look so: quotes within a text are escaped.
  const at = line.indexOf(DATA);
  if (at < 0) return undefined;
  try {
    const envelope = JSON.parse(`${line.slice(0, at)}}`);
    if (!Number.isSafeInteger(envelope.position) || typeof envelope.recorded_at !== 'string')
      return undefined;
    const json = line.slice(at + DATA.length, -1);
    const checksum = checksumOf([
      envelope.position,
      String(envelope.event_id).toLowerCase(),
      envelope.stream,
      envelope.revision,
      envelope.type,
      envelope.schema_version,
      envelope.customer_id,
      Date.parse(envelope.occurred_at),
      envelope.business_date,
      Date.parse(envelope.recorded_at),
      envelope.actor,
      envelope.command_id,
      envelope.correlation_id,
      envelope.causation_id,
      json.startsWith('{') ? json : JSON.parse(json),
    ]);
    return { position: envelope.position, day: envelope.recorded_at.slice(0, 10), checksum };
  } catch {
    return undefined;
  }
};

const checksumOf = (fields: readonly unknown[]): bigint =>
  createHash('md5').update(fields.join('\n')).digest().readBigUInt64LE();

/** Of a row of crm.events. */
export const CHECKSUM = `reinterpretAsUInt64(substring(MD5(concatWithSeparator('\\n', toString(position),
  toString(event_id), stream, toString(revision), type, toString(schema_version), customer_id,
  toString(toUnixTimestamp64Milli(occurred_at)), toString(business_date), toString(toUnixTimestamp64Milli(recorded_at)),
  actor, command_id, correlation_id, causation_id, data)), 1, 8))`;

/** A 64-bit checksum of where an event stands, so that no exchange of places goes unnoticed; the same in SQL. */
export const placeChecksum = (position: number, partition: number, offset: number): bigint =>
  checksumOf([position, partition, offset]);

export const PLACE_CHECKSUM = `reinterpretAsUInt64(substring(MD5(concatWithSeparator('\\n', toString(position),
  toString(partition), toString(offset))), 1, 8))`;

/** Sums of checksums, as ClickHouse makes them: what does not fit 64 bits is dropped. */
export const addChecksums = (a: bigint, b: bigint): bigint => BigInt.asUintN(64, a + b);
