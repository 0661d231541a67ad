import type { RecordedEvent } from '#eventing/event';
import type { StreamRecord, Watermarks } from './event-stream.js';

/** Where the events of a store stand in a stream: for those who compare both, or bring in what is missing. */
export interface EventPlaces {
  /** The same for ever. */
  partitionOf(event: RecordedEvent): number;
  /** Undefined where only the record of the event tells. */
  offsetOf(event: RecordedEvent): number | undefined;
  /** The records, where the stream has some of its own. */
  readonly topic?: TopicRecords;
}

export interface TopicRecords {
  /** Of every partition. */
  watermarks(): Promise<ReadonlyMap<number, Watermarks>>;
  /** Every event up to this position has, or had, a record; what was written before the call counts. */
  written(): Promise<number>;
  /** All records of a partition from one offset to before another, which is at most its `high`, in portions. */
  read(range: TopicRange): AsyncIterable<readonly PlacedRecord[]>;
}

export interface TopicRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  readonly signal: AbortSignal;
}

export type PlacedRecord = Pick<StreamRecord, 'offset' | 'line' | 'headers' | 'key'>;
