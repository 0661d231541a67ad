import type {
  ConsumeOptions,
  EventStream,
  LandedOffsets,
  StreamBatch,
  StreamRecord,
  Watermarks,
} from '#event-stream/event-stream';

/** A partition that is not read now is asked for again. */
const ASK_AGAIN_MS = 20;

interface Partition {
  records: StreamRecord[];
  low: number;
  high: number;
}

/**
 * A stream of several partitions, for tests that must decide what it brings and when: unreadable lines, offsets
 * that no record has, retention, partitions that are taken away. The embedded stream has none of these.
 */
export class MemoryStream implements EventStream {
  private readonly partitions: Partition[];
  private readonly wakeUps = new Set<() => void>();
  private readonly listeners = new Set<() => void>();
  private generation = 0;
  private turn = -1;
  private assignment: readonly number[] | undefined;
  private readonly setBacks = new Set<(partition: number, generation: number) => void>();

  constructor(
    partitions = 1,
    private readonly batchSize = 100,
  ) {
    this.partitions = Array.from({ length: partitions }, () => ({ records: [], low: 0, high: 0 }));
  }

  /** Appends a line and answers its offset. */
  append(line: string, partition = 0, beside: Pick<StreamRecord, 'headers' | 'key'> = {}): number {
    const { records, high } = this.at(partition);
    records.push({ offset: high, line, checked: false, ...beside });
    this.at(partition).high += 1;
    this.wake();
    return high;
  }

  /** How many offsets were given, over all partitions. */
  get appended(): number {
    return this.partitions.reduce((sum, { high }) => sum + high, 0);
  }

  /** As Kafka's control records do: uses up offsets that nobody will ever see. */
  leaveGap(offsets: number, partition = 0): void {
    this.at(partition).high += offsets;
  }

  /** Deletes what lies before an offset. */
  retainFrom(offset: number, partition = 0): void {
    const kept = this.at(partition);
    kept.low = offset;
    kept.records = kept.records.filter((record) => record.offset >= offset);
  }

  /** From now on consumers get these partitions only. */
  assign(partitions: readonly number[]): void {
    this.assignment = partitions;
    this.rebalance();
  }

  /** Takes all partitions away from the consumer and gives them back. */
  rebalance(): void {
    this.generation += 1;
    for (const tell of this.listeners) tell();
    this.wake();
  }

  async watermarks(): Promise<ReadonlyMap<number, Watermarks>> {
    return new Map(this.partitions.map(({ low, high }, partition) => [partition, { low, high }]));
  }

  /** Positions are given round robin, so that those of a partition have gaps: position = offset * partitions + partition. */
  positionBelow(offsets: ReadonlyMap<number, number>): number {
    const firstMissing = this.partitions.map(
      (_, partition) => (offsets.get(partition) ?? 0) * this.partitions.length + partition,
    );
    return Math.min(...firstMissing) - 1;
  }

  setBack(partition: number, generation: number): void {
    for (const tell of this.setBacks) tell(partition, generation);
  }

  async *consume({ signal, resumeAt, assigned }: ConsumeOptions): AsyncIterable<StreamBatch> {
    signal.addEventListener('abort', () => this.wake());
    let generation = -1;
    let next: (number | undefined)[] = [];
    let told = -1;
    // Told at once, also while whoever iterates is busy, as a group of consumers tells it.
    const tell = () => {
      if (told === this.generation) return;
      told = this.generation;
      assigned?.(this.assignment ?? [...this.partitions.keys()]);
    };
    this.listeners.add(tell);
    signal.addEventListener('abort', () => this.listeners.delete(tell));
    const again = new Set<number>();
    const askAgain = (partition: number, of: number) => {
      if (of !== generation) return;
      next[partition] = undefined;
      setTimeout(() => {
        if (of === generation) again.add(partition);
        this.wake();
      }, ASK_AGAIN_MS).unref();
    };
    this.setBacks.add(askAgain);
    signal.addEventListener('abort', () => this.setBacks.delete(askAgain));
    const ask = async (partition: number) => {
      next[partition] = await resumeAt(partition, generation);
      if (next[partition] === undefined) askAgain(partition, generation);
    };
    while (!signal.aborted) {
      if (generation !== this.generation) {
        generation = this.generation;
        tell();
        next = [];
        again.clear();
        for (const partition of this.assignment ?? this.partitions.keys()) await ask(partition);
      }
      for (const partition of again) {
        again.delete(partition);
        await ask(partition);
      }
      const batch = this.fetch(next, generation);
      if (batch) {
        next[batch.partition] = batch.last + 1;
        yield batch;
      } else if (generation === this.generation && again.size === 0) await this.woken(signal);
    }
  }

  private fetch(next: readonly (number | undefined)[], generation: number): StreamBatch | undefined {
    for (let i = 0; i < this.partitions.length; i++) {
      // In turn: none waits until another has nothing more.
      this.turn = (this.turn + 1) % this.partitions.length;
      const partition = this.turn;
      const { high } = this.at(partition);
      const first = next[partition];
      if (first === undefined || first >= high) continue;
      const found = this.from(partition, first);
      const last = found.length < this.batchSize ? high - 1 : found.at(-1)!.offset;
      return { partition, generation, first, last, records: found, recordedAt: Date.now() };
    }
    return undefined;
  }

  private from(partition: number, first: number): StreamRecord[] {
    const { records } = this.at(partition);
    let low = 0;
    for (let high = records.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (records[middle]!.offset < first) low = middle + 1;
      else high = middle;
    }
    return records.slice(low, low + this.batchSize);
  }

  private at(partition: number): Partition {
    return this.partitions[partition]!;
  }

  private wake(): void {
    for (const wakeUp of this.wakeUps) wakeUp();
  }

  private woken(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.wakeUps.delete(done);
        resolve();
      };
      if (signal.aborted) resolve();
      else this.wakeUps.add(done);
    });
  }
}

/** Tells within one process how far the events have landed, as the groups of Kafka do between processes. */
export class MemoryLandedOffsets implements LandedOffsets {
  private readonly offsets = new Map<number, number>();

  async publish(landed: ReadonlyMap<number, number>): Promise<void> {
    for (const [partition, next] of landed) this.offsets.set(partition, next);
  }

  async read(): Promise<ReadonlyMap<number, number>> {
    return new Map(this.offsets);
  }
}
