import { createHash } from 'node:crypto';
import type { RecordedEvent } from '#eventing/event';

/**
 * A 64-bit checksum of everything that crm.events holds of an event but its place; `CHECKSUM` is the same in SQL.
 * MD5, because both sides have it; it is to find mistakes, not forgers.
 */
export const eventChecksum = (event: RecordedEvent): bigint => {
  const { metadata } = event;
  const text = [
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
  ].join('\n');
  return createHash('md5').update(text).digest().readBigUInt64LE();
};

/** Of a row of crm.events. */
export const CHECKSUM = `reinterpretAsUInt64(substring(MD5(concatWithSeparator('\\n', toString(position),
  toString(event_id), stream, toString(revision), type, toString(schema_version), customer_id,
  toString(toUnixTimestamp64Milli(occurred_at)), toString(business_date), toString(toUnixTimestamp64Milli(recorded_at)),
  actor, command_id, correlation_id, causation_id, data)), 1, 8))`;

/** Sums of checksums, as ClickHouse makes them: what does not fit 64 bits is dropped. */
export const addChecksums = (a: bigint, b: bigint): bigint => BigInt.asUintN(64, a + b);
