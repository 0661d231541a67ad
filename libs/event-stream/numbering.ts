/** Where the record of an event stands in a stream. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** How a stream numbers the events of a store: what leads from the one to the other. */
export interface Numbering {
  placeOf(position: number): Place;
  positionOf(place: Place): number;
}
