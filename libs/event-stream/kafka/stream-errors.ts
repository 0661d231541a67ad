import { PerennialError } from '#eventing/errors';
import type { Watermarks } from '../event-stream.js';

const WAY_OUT =
  'Going on would leave events out: land them from the event store with `perennial refill` (docs/how-to/repair.md).';

/** Retention has deleted what was to be read. */
export class StreamTruncated extends PerennialError {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly wanted: number,
    readonly low: number,
  ) {
    super(
      'unavailable',
      'stream-truncated',
      `Partition ${partition} of ${topic} begins at offset ${low}, but ${wanted} is wanted. ${WAY_OUT}`,
    );
  }
}

/** The topic has not yet come as far as it was read before: it is another one of the same name. */
export class StreamRecreated extends PerennialError {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly wanted: number,
    readonly high: number,
  ) {
    super(
      'unavailable',
      'stream-recreated',
      `Partition ${partition} of ${topic} ends before offset ${high}, but was read up to ${wanted} before: ` +
        `the topic was made anew, or has lost records. ${WAY_OUT}`,
    );
  }
}

/** The partition has no record where it must have one. */
export class StreamGap extends PerennialError {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly wanted: number,
    readonly found: number,
  ) {
    super(
      'unavailable',
      'stream-gap',
      `Partition ${partition} of ${topic} goes on at offset ${found}, but ${wanted} is wanted: ` +
        `the topic may have been compacted, which it must never be. ${WAY_OUT}`,
    );
  }
}

/** What is wrong with reading on from an offset; undefined when all is well. */
export const readingProblem = (
  topic: string,
  partition: number,
  wanted: number,
  { low, high }: Watermarks,
): PerennialError | undefined => {
  if (wanted < low) return new StreamTruncated(topic, partition, wanted, low);
  if (wanted > high) return new StreamRecreated(topic, partition, wanted, high);
  return undefined;
};
