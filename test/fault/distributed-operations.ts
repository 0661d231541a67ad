import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '#statistics/random';
import { EFFECTS } from './distributed-effects.js';
import { anyOf, type Fault } from './distributed-fault.js';
import type { Operator } from './distributed-operator.js';
import { type DistributedSet, SPARE_ANALYTICS } from './distributed-set.js';

// What an operator does meanwhile, and what becomes of it.

const PROJECTIONS = ['purchases', 'interactions', 'complaint_events', 'campaign_members', 'returns'];

/** A new version of a projection while all of this goes on; the schedule may kill whoever builds it. */
export function rebuild(_set: DistributedSet, random: Random, operator: Operator): Fault {
  const name = anyOf(PROJECTIONS, random);
  return { kind: 'rebuilt', victims: ['projections'], inflict: () => operator.rebuild(name) };
}

export function rollBack(_set: DistributedSet, random: Random, operator: Operator): Fault {
  const name = anyOf(PROJECTIONS, random);
  return { kind: 'rolled back', victims: ['projections'], inflict: () => operator.rollBack(name) };
}

/** Whoever does it may be killed half way, so nobody else may do anything to analytics meanwhile. */
const AT_ANALYTICS = ['events', 'analytics'] as const;

export function refill(_set: DistributedSet, random: Random, operator: Operator): Fault {
  return { kind: 'refilled', victims: AT_ANALYTICS, inflict: () => operator.repair('refill', random) };
}

export function replay(_set: DistributedSet, random: Random, operator: Operator): Fault {
  return { kind: 'replayed', victims: AT_ANALYTICS, inflict: () => operator.repair('replay', random) };
}

export function verify(_set: DistributedSet, random: Random, operator: Operator): Fault {
  return { kind: 'verified', victims: AT_ANALYTICS, inflict: () => operator.verify(random) };
}

/** Longer than others take a rebuild for being under way that nobody has heard of. */
const BEYOND_LEASE_MS = 31_000;
const ANSWER_WITHIN_MS = 120_000;

/** Analytics falls asleep in the middle of a rebuild, and wakes up when another has done the same rebuild. */
export function overtake(set: DistributedSet, random: Random): Fault {
  const [name, afterMs] = [anyOf(PROJECTIONS, random), 100 + 900 * random.uniform()];
  const [analytics, spare] = [set.part('analytics'), set.part(SPARE_ANALYTICS)];
  return {
    kind: 'overtaken',
    victims: ['analytics', SPARE_ANALYTICS, 'projections'],
    beside: true,
    inflict: async () => {
      await spare.start();
      const path = `projections/${name}/rebuild`;
      let answered = false;
      const own = set.administration.ask(path, { withinMs: ANSWER_WITHIN_MS }).finally(() => {
        answered = true;
      });
      await delay(afterMs);
      const asleep = !answered;
      if (asleep) {
        await analytics.signal('SIGSTOP');
        await delay(BEYOND_LEASE_MS);
      }
      const others = await set.administration.ask(path, { of: SPARE_ANALYTICS, withinMs: ANSWER_WITHIN_MS });
      await analytics.signal('SIGCONT');
      const remark = `${name}: ${(await own).said} | ${others.said}`;
      await spare.stop();
      return { remark, ...(asleep && others.done && { effect: EFFECTS.overtaken }) };
    },
  };
}
