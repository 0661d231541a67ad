/** What a fault is to bring about; one that misses has disturbed nothing. */
export const EFFECTS = {
  asleep: 'a projector lost its partitions in its sleep',
  cut: 'a connection was cut in a transaction',
  rebuilt: 'a projection was rebuilt',
  repeated: 'events were delivered again',
  rolledBack: 'a projection was rolled back',
  refilled: 'lost events were refilled',
  replayed: 'dead letters were replayed',
  verified: 'everything was compared under load',
  overtaken: 'a rebuild was done by another while its own slept',
} as const;

export type Effect = (typeof EFFECTS)[keyof typeof EFFECTS];

/** From so many faults on there must have been these: each of them is tried again and again until it was. */
const DEMANDED: readonly (readonly [number, readonly Effect[]])[] = [
  [30, [EFFECTS.asleep, EFFECTS.cut]],
  [100, [EFFECTS.rebuilt, EFFECTS.repeated, EFFECTS.rolledBack]],
  [300, [EFFECTS.refilled, EFFECTS.replayed, EFFECTS.verified, EFFECTS.overtaken]],
];

/** What a run of so many faults should have brought about, and has not. */
export const missingEffects = (faults: number, effects: ReadonlyMap<string, number>): string[] =>
  DEMANDED.filter(([from]) => faults >= from)
    .flatMap(([, demanded]) => demanded)
    .filter((effect) => !effects.has(effect))
    .map((effect) => `it never happened that ${effect}`);
