import { PerennialError } from '#eventing/errors';

/** An event and where it stands; undefined when nobody knows any more. */
export interface Standing {
  readonly position: number;
  readonly offset: number | undefined;
}

/** Offsets of a partition, both ends left out. */
export interface Between {
  readonly above: number;
  readonly below: number;
}

/**
 * Gives events whose offsets are lost places that are free and keep the order: the first ones after the event before.
 * The same for the same neighbours.
 * @param events of one partition, in the order of positions
 * @param taken offsets that something else has
 */
export const withPlaces = (
  partition: number,
  events: readonly Standing[],
  { above, below }: Between,
  taken: ReadonlySet<number> = new Set(),
): { readonly position: number; readonly offset: number }[] => {
  let free = above + 1;
  const placed = events.map(({ position, offset }) => {
    if (offset === undefined) while (taken.has(free)) free += 1;
    const at = offset ?? free;
    // The events before it were more than the places.
    if (at < free || at >= below) throw new NoPlace(partition, position, above, below);
    free = at + 1;
    return { position, offset: at };
  });
  return placed;
};

/** More events belong between two offsets than there are offsets: the event store is not the one that was landed. */
export class NoPlace extends PerennialError {
  constructor(partition: number, position: number, above: number, below: number) {
    super(
      'refused',
      'refill-no-place',
      `Partition ${partition} has no place for the event at position ${position} between the offsets ${above} and ${below}: ` +
        'the topic was not written from this event store, or the warehouse has rows that do not belong there (perennial verify).',
    );
  }
}
