interface Assigned {
  readonly generation: number;
  /** The offset that the next batch must begin at; undefined until the partition has been placed. */
  next: number | undefined;
  /** How many batches in a row began elsewhere. */
  astray: number;
}

/** What becomes of a batch that was fetched. */
export type Verdict =
  /** It is the next one, and stands for everything from `first` on. */
  | { readonly is: 'expected'; readonly generation: number; readonly first: number }
  /**
   * It does not begin at `first`, where it should, for the so-manieth time: it is left over from before a seek, or
   * the partition has lost records.
   */
  | { readonly is: 'astray'; readonly generation: number; readonly first: number; readonly times: number }
  /** Of a partition that is not ours, or not placed yet. */
  | { readonly is: 'unasked' };

/** Which partitions this consumer has, since when, and how far each has been fetched. */
export class Assignments {
  private generation = 0;
  private assigned = new Map<number, Assigned>();

  /** Replaces all; every partition must be placed anew, also one that was ours before: somebody may have read on. */
  assign(partitions: readonly number[]): number {
    this.generation += 1;
    const { generation } = this;
    this.assigned = new Map(partitions.map((each) => [each, { generation, next: undefined, astray: 0 }]));
    return generation;
  }

  get current(): { readonly generation: number; readonly partitions: readonly number[] } {
    return { generation: this.generation, partitions: [...this.assigned.keys()] };
  }

  has(partition: number, generation: number): boolean {
    return this.assigned.get(partition)?.generation === generation;
  }

  /** Those of which the reader has said where they go on. */
  get placed(): readonly { readonly partition: number; readonly generation: number }[] {
    return [...this.assigned]
      .filter(([, { next }]) => next !== undefined)
      .map(([partition, { generation }]) => ({ partition, generation }));
  }

  /** The reader has said where it goes on. */
  isPlaced(partition: number): boolean {
    return this.assigned.get(partition)?.next !== undefined;
  }

  place(partition: number, next: number): void {
    const assigned = this.assigned.get(partition);
    if (assigned) assigned.next = next;
  }

  /** Nothing more of it is wanted until it is placed again. */
  unplace(partition: number): void {
    const assigned = this.assigned.get(partition);
    if (assigned) assigned.next = undefined;
  }

  /**
   * Takes note of a batch.
   * @param first where the batch begins; undefined when that says nothing, because the topic is compacted
   */
  fetched(partition: number, first: number | undefined, last: number): Verdict {
    const assigned = this.assigned.get(partition);
    if (assigned?.next === undefined) return { is: 'unasked' };
    const { generation, next } = assigned;
    if (first === undefined ? last < next : first !== next) {
      // Until it is placed again: the same would come over and over.
      assigned.next = undefined;
      assigned.astray += 1;
      return { is: 'astray', generation, first: next, times: assigned.astray };
    }
    assigned.next = last + 1;
    assigned.astray = 0;
    return { is: 'expected', generation, first: next };
  }
}
