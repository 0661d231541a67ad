/** One event on its way to the warehouse. */
export interface StreamRecord {
  /** Increasing within a partition, not necessarily without gaps. */
  readonly offset: number;
  /** The JSON line of the event for crm.events, without partition and offset: see landing-line.ts. */
  readonly line: string;
  /** Whether the line was made in this process and can surely be landed; if not, whoever lands it looks into it. */
  readonly checked: boolean;
  /** What the stream carries beside the line, as it came; looked at by people and by traces. */
  readonly headers?: Readonly<Record<string, string>>;
  /** By which the stream chose the partition. */
  readonly key?: string;
}

/** All records of one partition from the offset `first` to the offset `last`; what is missing in between will never be. */
export interface StreamBatch {
  readonly partition: number;
  readonly generation: number;
  readonly first: number;
  /** May lie beyond the last record: some streams number what is not for readers, too. */
  readonly last: number;
  readonly records: readonly StreamRecord[];
  /** When the event store took the first of them, in milliseconds since 1970. */
  readonly recordedAt: number;
}

export interface Watermarks {
  /** The earliest offset that can still be read. */
  readonly low: number;
  /** The offset that the next record will have at least. */
  readonly high: number;
}

export interface ConsumeOptions {
  /** Ends the iteration, cleanly. */
  readonly signal: AbortSignal;
  /**
   * Asked whenever a partition is assigned to this consumer, and when it is no longer sure that an offset still means
   * the same record: the offset to read on from. Batches of a generation
   * that is not the last one asked with are stale: the partition has been taken away since. Undefined for a
   * partition that is not to be read now: it may be asked for again, and is when it is assigned anew.
   */
  resumeAt(partition: number, generation: number): Promise<number | undefined>;
  /** Told the partitions of this consumer when they change, before `resumeAt` is asked: all others are taken away. */
  assigned?(partitions: readonly number[]): void;
  /**
   * Told that events would be left out if a partition were read on: the others are, and `resumeAt` is asked for this
   * one again after a while. Without it the iteration fails.
   */
  unreadable?(partition: number, generation: number, reason: string): void;
}

/** The port between the event store and whoever needs every event in order, partition by partition. */
export interface EventStream {
  /** Of every partition. */
  watermarks(): Promise<ReadonlyMap<number, Watermarks>>;
  /** Batches without gap or repeat from where the consumer resumes, fetched only as fast as they are taken. */
  consume(options: ConsumeOptions): AsyncIterable<StreamBatch>;
  /**
   * The position up to which every event has an offset below those given (per partition, the first that is not
   * included); -1 for none. A maximum over the partitions would not do: it is not a prefix of the events.
   */
  positionBelow(offsets: ReadonlyMap<number, number>): number;
  /**
   * The consumer cannot go on with a partition: nothing more of it is brought until `resumeAt`, which is asked again
   * after a while, answers. Missing in a stream that has but one partition, and ends with it.
   */
  setBack?(partition: number, generation: number): void;
}

/** Where those who land tell others how far they are. For watching only: nobody resumes from it. */
export interface LandedOffsets {
  /** Per partition, the first offset that has not landed. */
  publish(landed: ReadonlyMap<number, number>): Promise<void>;
  /** What was published last, of every partition that has something. */
  read(): Promise<ReadonlyMap<number, number>>;
}
