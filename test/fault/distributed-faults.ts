import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '#statistics/random';
import { endsTransaction, inserts, type Trap } from './distributed-gate.js';
import { ProcessPart } from './distributed-part.js';
import { type DistributedSet, PROJECTORS, RELAYS } from './distributed-set.js';

/** Something that goes wrong, or is asked for at a bad moment. */
export interface Fault {
  readonly kind: string;
  /** No two faults of one victim at once. */
  readonly victim: string;
  /** Lasts until the victim is as before. Answers what is remarkable. */
  inflict(): Promise<string | undefined>;
}

type Kind = (set: DistributedSet, random: Random) => Fault;

const SERVERS = ['kafka', 'warehouse', 'event-store', 'postgresql'] as const;
const [PROJECTOR_1, PROJECTOR_2, PROJECTOR_3] = PROJECTORS;
/** Who is killed, paused and stopped, and how often in comparison. */
const VICTIMS: readonly (readonly [string, number])[] = [
  ['command-api', 3],
  [RELAYS[0], 2],
  [RELAYS[1], 2],
  [PROJECTOR_1, 2],
  [PROJECTOR_2, 2],
  ['analytics', 1],
  ['kafka', 1.5],
  ['warehouse', 2],
  ['event-store', 2],
  ['postgresql', 1.5],
];
const PROJECTIONS = ['purchases', 'interactions', 'complaint_events', 'campaign_members', 'returns'];

/** As the clocks of clients know them: some time out over it, some do not. */
const pauseMs = (random: Random): number => 500 + 7_500 * random.uniform() ** 2;

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
];

/** The next fault; the seed decides which. */
export const nextFault = (set: DistributedSet, random: Random): Fault => {
  const kinds = KINDS.filter(([kind]) => kind !== fillDisk || !set.disk.obstacle);
  return chosen(kinds, random)(set, random);
};

const chosen = <T>(all: readonly (readonly [T, number])[], random: Random): T => {
  let left = random.uniform() * all.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [one, weight] of all) {
    left -= weight;
    if (left < 0) return one;
  }
  return (all.at(-1) as readonly [T, number])[0];
};

const anyOf = <T>(all: readonly T[], random: Random): T =>
  all[Math.floor(random.uniform() * all.length)] as T;

/** Killed at any moment, sometimes also while it starts again. */
function kill(set: DistributedSet, random: Random): Fault {
  const victim = chosen(VICTIMS, random);
  const part = set.part(victim);
  const downMs = random.uniform() < 0.3 ? 2_000 * random.uniform() : 0;
  const againAfterMs = random.uniform() < 0.2 ? 1_500 * random.uniform() : undefined;
  return {
    kind: 'killed',
    victim,
    inflict: async () => {
      await part.kill();
      await delay(downMs);
      if (againAfterMs !== undefined && part instanceof ProcessPart) {
        await part.launch();
        await delay(againAfterMs);
        await part.kill();
      }
      await part.start();
      return againAfterMs === undefined ? undefined : 'twice';
    },
  };
}

/** Sleeps and wakes up, with all that it thought it knew; sometimes it is killed in its sleep. */
function pause(set: DistributedSet, random: Random): Fault {
  const victim = chosen(VICTIMS, random);
  const part = set.part(victim);
  const ms = pauseMs(random);
  return {
    kind: 'paused',
    victim,
    inflict: async () => {
      await part.signal('SIGSTOP');
      await delay(ms);
      await part.signal('SIGCONT');
      return `${Math.round(ms)} ms`;
    },
  };
}

/** Ends as an operator ends it, within the time that it is given, and is started again. */
function stop(set: DistributedSet, random: Random): Fault {
  const victim = chosen(
    VICTIMS.filter(([name]) => !(SERVERS as readonly string[]).includes(name)),
    random,
  );
  const part = set.part(victim) as ProcessPart;
  return {
    kind: 'stopped',
    victim,
    inflict: async () => {
      await part.stop();
      const { code, ms } = part.stopped ?? { code: null, ms: 0 };
      await part.start();
      return `ended with ${code} in ${ms} ms`;
    },
  };
}

const gatesInUse = (set: DistributedSet): string[] => {
  const used = [...set.gates].filter(([, gate]) => gate.isUsed).map(([name]) => name);
  return used.length > 0 ? used : ['kafka'];
};

const TRAP_MS = 2_000;

/** Cuts connections: at any moment, or just when something is being made final. */
function drop(set: DistributedSet, random: Random): Fault {
  const victim = anyOf(gatesInUse(set), random);
  const gate = set.gates.get(victim);
  const trap = trapFor(victim);
  const [trapped, passing] = [trap !== undefined && random.uniform() < 0.6, random.uniform() < 0.5];
  return {
    kind: 'cut off',
    victim,
    inflict: async () => {
      if (trap && trapped && (await gate?.dropAt({ on: trap, passing }, TRAP_MS)))
        return passing ? 'after it was heard' : 'before it was heard';
      gate?.drop();
      return undefined;
    },
  };
}

const trapFor = (gate: string): Trap['on'] | undefined => {
  if (gate === 'kafka') return endsTransaction;
  return gate.endsWith('> warehouse') ? inserts : undefined;
};

/** What is delivered comes late. */
function slowDown(set: DistributedSet, random: Random): Fault {
  const victim = anyOf(gatesInUse(set), random);
  const gate = set.gates.get(victim);
  const [byMs, forMs] = [10 + 200 * random.uniform() ** 2, 500 + 3_000 * random.uniform()];
  return {
    kind: 'delayed',
    victim,
    inflict: async () => {
      gate?.slowDown(byMs);
      await delay(forMs);
      gate?.slowDown(0);
      return `${Math.round(byMs)} ms for ${Math.round(forMs)} ms`;
    },
  };
}

function fillDisk(set: DistributedSet, random: Random): Fault {
  const ms = 500 + 4_000 * random.uniform();
  return {
    kind: 'disk full',
    victim: 'disk',
    inflict: async () => {
      set.disk.fill();
      await delay(ms);
      set.disk.free();
      return `${Math.round(ms)} ms`;
    },
  };
}

/** Once more from the event store what the relay has had, or an answer that never comes. */
function misbehave(set: DistributedSet, random: Random): Fault {
  const [what, events, ms] = [random.uniform(), 1 + Math.floor(50 * random.uniform()), pauseMs(random)];
  const deliverAgain = async () => {
    set.orderEventStore(`repeat ${events}`);
    for (const relay of RELAYS) set.gates.get(`${relay} > event-store`)?.drop();
    await delay(1_000);
    set.orderEventStore('repeat 0');
    return `the last ${events} delivered again`;
  };
  const keepSilent = async () => {
    set.orderEventStore(`silent ${Math.round(ms)}`);
    await delay(ms);
    return `no answers for ${Math.round(ms)} ms`;
  };
  const loseAnswer = async () => {
    set.orderEventStore('lose-next-answer');
    return 'the next answer is lost';
  };
  return {
    kind: 'misbehaved',
    victim: 'event-store',
    inflict: what < 0.5 ? deliverAgain : what < 0.75 ? keepSilent : loseAnswer,
  };
}

/** A new version of a projection while all of this goes on; the schedule may kill whoever builds it. */
function rebuild(set: DistributedSet, random: Random): Fault {
  const name = anyOf(PROJECTIONS, random);
  return {
    kind: 'rebuilt',
    victim: 'projections',
    inflict: async () => `${name}: ${await set.administer(`projections/${name}/rebuild`)}`,
  };
}

function rollBack(set: DistributedSet, random: Random): Fault {
  const name = anyOf(PROJECTIONS, random);
  return {
    kind: 'rolled back',
    victim: 'projections',
    inflict: async () => `${name}: ${await set.administer(`projections/${name}/rollback`)}`,
  };
}

/** A third projector comes, or goes again. */
function addOrRemove(set: DistributedSet): Fault {
  const part = set.part(PROJECTOR_3) as ProcessPart;
  return {
    kind: part.isWanted ? 'removed' : 'added',
    victim: PROJECTOR_3,
    inflict: async () => {
      if (!part.isWanted) await part.start();
      else await part.stop();
      return undefined;
    },
  };
}
