import type { RecordedEvent } from '#eventing/event';
import { landingLine } from '../landing-line.js';
import { partitionOf } from './partition.js';

/** An event as it is written to the topic. */
export interface TopicEvent {
  readonly position: number;
  readonly partition: number;
  /** The customer, or the stream of an event that concerns none: what keeps its order. */
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  /** When the event store took it. */
  readonly recordedAt: string;
  /** What it takes in a request, roughly and rather too much. */
  readonly bytes: number;
}

/** Lengths, time and names of headers around a record. */
const ROOM = 128;

/** By it the partition is chosen: what concerns one customer stays in order. */
export const topicKey = ({ metadata, stream }: RecordedEvent): string => metadata.customerId ?? stream;

export const topicEvent = (event: RecordedEvent, partitions: number): TopicEvent => {
  const { id, type, position, metadata } = event;
  const key = topicKey(event);
  const { line } = landingLine(event);
  const headers: Record<string, string> = { 'event-id': id, type };
  if (metadata.traceparent !== undefined) headers.traceparent = metadata.traceparent;
  return {
    position,
    partition: partitionOf(key, partitions),
    key,
    value: line,
    headers,
    recordedAt: event.recordedAt,
    bytes: Buffer.byteLength(line) + key.length * 3 + type.length + ROOM,
  };
};
