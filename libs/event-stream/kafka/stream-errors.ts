import { PerennialError } from '#eventing/errors';
import type { Watermarks } from '../event-stream.js';

/** If a partition were read on, events would be left out. */
export abstract class StreamUnreadable extends PerennialError {
  constructor(
    code: string,
    /** What is wrong, without the way out. */
    readonly problem: string,
    wayOut = 'docs/how-to/repair.md says what to do.',
  ) {
    super('unavailable', code, `${problem}. Going on would leave events out: ${wayOut}`);
  }
}

/** Retention has deleted what was to be read. */
export class StreamTruncated extends StreamUnreadable {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly wanted: number,
    readonly low: number,
  ) {
    super(
      'stream-truncated',
      `Partition ${partition} of ${topic} begins at offset ${low}, but ${wanted} is wanted`,
      'land them from the event store with `perennial refill` (docs/how-to/repair.md).',
    );
  }
}

/** The topic has not yet come as far as it was read before: it is another one of the same name. */
export class StreamRecreated extends StreamUnreadable {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly wanted: number,
    readonly high: number,
  ) {
    super(
      'stream-recreated',
      `Partition ${partition} of ${topic} ends before offset ${high}, but was read up to ${wanted} before: ` +
        'the topic was made anew, or has lost records',
    );
  }
}

/** The partition has no record where it must have one. */
export class StreamGap extends StreamUnreadable {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly wanted: number,
    readonly found: number,
  ) {
    super(
      'stream-gap',
      `Partition ${partition} of ${topic} goes on at offset ${found}, but ${wanted} is wanted: ` +
        'the topic was made anew, or was compacted, which it must never be',
    );
  }
}

/** What is wrong with reading on from an offset; undefined when all is well. */
export const readingProblem = (
  topic: string,
  partition: number,
  wanted: number,
  { low, high }: Watermarks,
): StreamUnreadable | undefined => {
  if (wanted < low) return new StreamTruncated(topic, partition, wanted, low);
  if (wanted > high) return new StreamRecreated(topic, partition, wanted, high);
  return undefined;
};
