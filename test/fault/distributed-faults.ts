import {
  addOrRemove,
  cutTransaction,
  deliverAgain,
  drop,
  fillDisk,
  kill,
  misbehave,
  pause,
  sleep,
  slowDown,
  stop,
} from './distributed-disturbances.js';
import { EFFECTS, type Effect } from './distributed-effects.js';
import { chosen, type Kind } from './distributed-fault.js';
import { overtake, rebuild, refill, replay, rollBack, verify } from './distributed-operations.js';

const KINDS: readonly (readonly [Kind, number])[] = [
  [kill, 38],
  [pause, 22],
  [stop, 6],
  [drop, 16],
  [slowDown, 6],
  [fillDisk, 3],
  [misbehave, 5],
  [rebuild, 4],
  [rollBack, 1],
  [addOrRemove, 2],
  [sleep, 1.5],
  [refill, 1],
  [replay, 1],
  [verify, 1],
  [overtake, 0.5],
];

/** One that misses easily and must not. */
export interface Sure {
  readonly kind: Kind;
  readonly effect: Effect;
}

/** A run has them one after the other, each again until it had its effect. */
export const SURE: readonly Sure[] = [
  { kind: sleep, effect: EFFECTS.asleep },
  { kind: cutTransaction, effect: EFFECTS.cut },
  { kind: rebuild, effect: EFFECTS.rebuilt },
  { kind: deliverAgain, effect: EFFECTS.repeated },
  { kind: rollBack, effect: EFFECTS.rolledBack },
  { kind: refill, effect: EFFECTS.refilled },
  { kind: replay, effect: EFFECTS.replayed },
  { kind: verify, effect: EFFECTS.verified },
  { kind: overtake, effect: EFFECTS.overtaken },
];

/** The next fault; the seed decides which. */
export const nextFault: Kind = (set, random, operator) => {
  const kinds = KINDS.filter(([kind]) => kind !== fillDisk || !set.disk.obstacle);
  return chosen(kinds, random)(set, random, operator);
};
