import { isUtf8 } from 'node:buffer';
import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { StreamRecord } from '../event-stream.js';

/** A record of the topic for those who land: unchecked, because anybody may have put anything on a topic. */
export const streamRecord = ({ offset, value, headers, key }: KafkaMessage): StreamRecord => ({
  offset: Number(offset),
  line: lineOf(value),
  checked: false,
  headers: textHeaders(headers),
  key: key?.toString(),
});

/** What is no text becomes one that cannot be landed and tells what there was. */
const lineOf = (value: Buffer | null): string => {
  if (value === null) return '';
  return isUtf8(value) ? value.toString() : `not UTF-8, in base64: ${value.toString('base64')}`;
};

/** Of a header that is given more than once, the last. */
export const textHeaders = (headers: IHeaders | undefined): Record<string, string> => {
  const texts: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) texts[name] = last.toString();
  }
  return texts;
};

const RECORDED_AT = /"recorded_at":"([^"]+)"/;

/**
 * When the event store took the event. A record's own time says when the relay wrote it: retention goes by that, and
 * would delete old events at once if it were the event's.
 */
export const recordedAt = (record: StreamRecord, writtenAt: number): number => {
  const time = Date.parse(RECORDED_AT.exec(record.line)?.[1] ?? '');
  return Number.isNaN(time) ? writtenAt : time;
};
