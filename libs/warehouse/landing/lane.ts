import type { StreamBatch, StreamRecord } from '#event-stream/event-stream';
import type { Claim, PartitionState, Span } from './landing-step.js';
import type { Continuity } from './lane-continuity.js';
import { type Batch, batchOf, joined, select } from './rows.js';

export interface LaneLimits {
  /** Most records of one batch. */
  readonly records: number;
  /** When a batch has so many bytes it gets no more. */
  readonly bytes: number;
}

/** A piece of what was read, ready to be inserted. */
interface Piece extends Span {
  readonly batch: Batch;
  readonly recordedAt: number;
}

/** What was read of one partition and is not landed yet. */
export class Lane {
  private pieces: Piece[] = [];
  private first: number;
  private records = 0;
  private bytes = 0;
  private current: PartitionState;
  /** When it was asked how far the partition is. */
  stateReadAt = Date.now();
  /** The claimed offsets have not all been read yet. */
  incomplete = false;
  /** Why it does not go on, or did not before, as long as nothing has shown that it does. */
  stopped: Error | undefined;
  /** What comes is not kept. */
  private halted = false;
  /** From when on a batch may be claimed that could still grow. */
  notBefore = 0;

  constructor(
    readonly partition: number,
    readonly generation: number,
    state: PartitionState,
    readFrom: number,
    private readonly limits: LaneLimits,
    private readonly continuity?: Continuity,
  ) {
    this.current = state;
    this.first = readFrom;
  }

  get goesOn(): boolean {
    return !this.halted;
  }

  get state(): PartitionState {
    return this.current;
  }

  be(state: PartitionState): void {
    this.current = state;
    this.stateReadAt = Date.now();
  }

  /** Events would be lost if it went on. */
  stop(reason: Error): void {
    this.stopped = reason;
    this.halted = true;
    if (this.read) this.drop(this.read.last);
  }

  /** Begins anew after it was stopped. */
  doubt(reason: Error | undefined): void {
    if (!this.continuity?.proven) this.stopped = reason;
  }

  /** What of a batch is to be added. @throws LandingStopped when the stream is another one */
  async admit(batch: StreamBatch): Promise<StreamBatch | undefined> {
    const admitted = this.continuity ? await this.continuity.admit(batch) : batch;
    if (this.goesOn && this.continuity?.proven) this.stopped = undefined;
    return admitted;
  }

  add({ first, last, records, recordedAt }: StreamBatch): void {
    if (first !== this.next)
      throw new Error(
        `Partition ${this.partition} goes on at offset ${first}, after ${this.next - 1} was read.`,
      );
    let from = first;
    for (let i = 0; i < records.length || i === 0; i += this.limits.records) {
      const following = records[i + this.limits.records];
      const through = following ? following.offset - 1 : last;
      this.push({ first: from, last: through, recordedAt }, records.slice(i, i + this.limits.records));
      from = through + 1;
    }
    this.incomplete = false;
  }

  /** Checked and encoded on arrival: meanwhile the engine inserts the batch before. */
  private push(span: Span & { recordedAt: number }, records: readonly StreamRecord[]): void {
    const batch = batchOf(this.partition, records);
    this.pieces.push({ ...span, batch });
    this.records += batch.records;
    this.bytes += batch.rows.length;
  }

  /** The offsets that were read and not dropped. */
  get read(): Span | undefined {
    return this.next > this.first ? { first: this.first, last: this.next - 1 } : undefined;
  }

  /** When the event store took what has been waiting longest; undefined when nothing waits. */
  get behindSince(): number | undefined {
    return this.pieces[0]?.recordedAt;
  }

  get waitingRecords(): number {
    return this.records;
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
    let records = 0;
    let bytes = 0;
    let last = this.first;
    for (const [i, piece] of this.pieces.entries()) {
      const more = records + piece.batch.records;
      if (i > 0 && (more > this.limits.records || bytes >= this.limits.bytes)) break;
      records = more;
      bytes += piece.batch.rows.length;
      last = piece.last;
    }
    return { first: this.first, last, records };
  }

  /** What was read of a span. */
  between({ first, last }: Span): Batch {
    return joined(
      this.pieces
        .filter((piece) => piece.last >= first && piece.first <= last)
        .map((piece) =>
          piece.first >= first && piece.last <= last
            ? piece.batch
            : select(piece.batch, (offset) => offset >= first && offset <= last),
        ),
    );
  }

  /** Forgets what was read up to and including an offset. */
  drop(through: number): void {
    this.pieces = this.pieces
      .filter(({ last }) => last > through)
      .map((piece) =>
        piece.first > through
          ? piece
          : { ...piece, first: through + 1, batch: select(piece.batch, (offset) => offset > through) },
      );
    this.records = this.pieces.reduce((sum, { batch }) => sum + batch.records, 0);
    this.bytes = this.pieces.reduce((sum, { batch }) => sum + batch.rows.length, 0);
    this.first = through + 1;
  }

  private get next(): number {
    return (this.pieces.at(-1)?.last ?? this.first - 1) + 1;
  }

  private holds(batches: number): boolean {
    return this.records >= batches * this.limits.records || this.bytes >= batches * this.limits.bytes;
  }
}
