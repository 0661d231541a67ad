/** Which copy of the events differs from the event store. */
export type Copy = 'warehouse' | 'topic';

export type DifferenceKind =
  /** In the event store, not in the copy. */
  | 'missing'
  /** Not in crm.events, because it could not be landed: it is among the dead letters. */
  | 'dead letter'
  /** In the copy more than once. */
  | 'doubled'
  /** In the copy at another place of the stream. */
  | 'misplaced'
  /** In the topic behind an event that came later. */
  | 'out of order'
  /** In both, but not the same. */
  | 'altered'
  /** In the copy only. */
  | 'extra';

/** Events next to each other, none between them as it should be, with the same thing amiss. */
export interface Difference {
  readonly in: Copy;
  readonly kind: DifferenceKind;
  readonly partition: number;
  /** Positions. */
  readonly first: number;
  readonly last: number;
  readonly events: number;
}

/** What is true of the event, the row or the record at one position. */
export interface Finding {
  readonly position: number;
  readonly partition: number;
  /** Undefined when it is as it should be. */
  readonly kind: DifferenceKind | undefined;
}

/** Most ranges that are named; of the rest only the number is told. */
const MOST_NAMED = 1000;

/** Takes findings about one copy in the order of positions and names what is amiss in ranges. */
export class Findings {
  readonly named: Difference[] = [];
  /** Events with something amiss, named or not. */
  differing = 0;
  private open = false;

  constructor(private readonly copy: Copy) {}

  add({ position, partition, kind }: Finding): void {
    if (kind === undefined) this.allWell();
    else this.name(position, partition, kind);
  }

  /** Something as it should be lies between what was found so far and what follows. */
  allWell(): void {
    this.open = false;
  }

  private name(position: number, partition: number, kind: DifferenceKind): void {
    this.differing += 1;
    const last = this.named.at(-1);
    if (this.open && last?.kind === kind && last.partition === partition && position > last.last) {
      this.named[this.named.length - 1] = { ...last, last: position, events: last.events + 1 };
      return;
    }
    this.open = this.named.length < MOST_NAMED;
    if (this.open)
      this.named.push({ in: this.copy, kind, partition, first: position, last: position, events: 1 });
  }
}
