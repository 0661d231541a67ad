import type { StreamBatch } from '#event-stream/event-stream';
import { landedLine, landingProblem } from './landable.js';
import type { Claim, PartitionState, Span } from './landing-step.js';

/** A record on its way into crm.events, or to the dead letters when there is a problem. */
export interface Landable {
  readonly offset: number;
  /** The row, partition and offset included; the record as it came when there is a problem. */
  readonly line: string;
  readonly problem?: string;
}

export interface LaneLimits {
  /** Most records of one batch. */
  readonly records: number;
  /** Most characters of one batch, unless a single record has more. */
  readonly characters: number;
}

/** What was read of one partition and is not landed yet. */
export class Lane {
  private readonly waiting: Landable[] = [];
  private readonly arrivals: { last: number; recordedAt: number }[] = [];
  private first: number;
  private characters = 0;
  /** The claimed offsets have not all been read yet. */
  incomplete = false;
  /** From when on a batch may be claimed that could still grow. */
  notBefore = 0;

  /** When it was asked how far the partition is. */
  stateReadAt = Date.now();

  constructor(
    readonly partition: number,
    readonly generation: number,
    private current: PartitionState,
    readFrom: number,
    private readonly limits: LaneLimits,
  ) {
    this.first = readFrom;
  }

  get state(): PartitionState {
    return this.current;
  }

  be(state: PartitionState): void {
    this.current = state;
    this.stateReadAt = Date.now();
  }

  add({ first, last, records, recordedAt }: StreamBatch): void {
    if (first !== this.next)
      throw new Error(
        `Partition ${this.partition} goes on at offset ${first}, after ${this.next - 1} was read.`,
      );
    for (const { offset, line } of records) {
      // Checked on arrival: meanwhile the engine inserts the batch before.
      const problem = landingProblem(line);
      const landable =
        problem === undefined
          ? { offset, line: landedLine(this.partition, offset, line) }
          : { offset, line, problem };
      this.waiting.push(landable);
      this.characters += landable.line.length;
    }
    this.arrivals.push({ last, recordedAt });
    this.incomplete = false;
  }

  /** The offsets that were read and not dropped. */
  get read(): Span | undefined {
    return this.next > this.first ? { first: this.first, last: this.next - 1 } : undefined;
  }

  /** When the event store took what has been waiting longest; undefined when nothing waits. */
  get behindSince(): number | undefined {
    return this.arrivals[0]?.recordedAt;
  }

  /** Enough for a batch of the largest size. */
  get full(): boolean {
    return this.holds(1);
  }

  /** No more should be read until a batch is landed. */
  get overfull(): boolean {
    return this.holds(2) && !this.incomplete;
  }

  /** The largest batch that may be claimed now. */
  offer(): Claim {
    let characters = 0;
    let records = 0;
    for (const { line } of this.waiting) {
      characters += line.length;
      if (records === this.limits.records || (characters > this.limits.characters && records > 0)) break;
      records += 1;
    }
    const following = this.waiting[records];
    return { first: this.first, last: (following?.offset ?? this.next) - 1, records };
  }

  between({ first, last }: Span): Landable[] {
    return this.waiting.filter(({ offset }) => offset >= first && offset <= last);
  }

  /** Forgets what was read up to and including an offset. */
  drop(through: number): void {
    const kept = this.waiting.findIndex(({ offset }) => offset > through);
    const dropped = this.waiting.splice(0, kept < 0 ? this.waiting.length : kept);
    for (const { line } of dropped) this.characters -= line.length;
    while (this.arrivals.length > 0 && this.arrivals[0]!.last <= through) this.arrivals.shift();
    this.first = through + 1;
  }

  private get next(): number {
    return (this.arrivals.at(-1)?.last ?? this.first - 1) + 1;
  }

  private holds(batches: number): boolean {
    return (
      this.waiting.length >= batches * this.limits.records ||
      this.characters >= batches * this.limits.characters
    );
  }
}
