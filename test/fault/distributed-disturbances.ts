import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '#statistics/random';
import { EFFECTS } from './distributed-effects.js';
import { anyOf, chosen, type Fault, type Outcome } from './distributed-fault.js';
import { endsTransaction, inserts, type Trap } from './distributed-gate.js';
import { ProcessPart } from './distributed-part.js';
import { type DistributedSet, PARTITIONS, PROJECTORS, RELAYS } from './distributed-set.js';

// What goes wrong: with processes, with the ways between them, with the disk, with what is delivered.

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

/** As the clocks of clients know them: some time out over it, some do not. */
const pauseMs = (random: Random): number => 500 + 7_500 * random.uniform() ** 2;

/** Killed at any moment, sometimes also while it starts again. */
export function kill(set: DistributedSet, random: Random): Fault {
  const victim = chosen(VICTIMS, random);
  const part = set.part(victim);
  const downMs = random.uniform() < 0.3 ? 2_000 * random.uniform() : 0;
  const againAfterMs = random.uniform() < 0.2 ? 1_500 * random.uniform() : undefined;
  return {
    kind: 'killed',
    victims: [victim],
    inflict: async () => {
      await part.kill();
      await delay(downMs);
      if (againAfterMs !== undefined && part instanceof ProcessPart) {
        await part.launch();
        await delay(againAfterMs);
        await part.kill();
      }
      await part.start();
      return againAfterMs === undefined ? {} : { remark: 'twice' };
    },
  };
}

/** Sleeps and wakes up, with all that it thought it knew; sometimes it is killed in its sleep. */
export function pause(set: DistributedSet, random: Random): Fault {
  const victim = chosen(VICTIMS, random);
  const part = set.part(victim);
  const [ms, dies] = [pauseMs(random), random.uniform() < 0.1];
  return {
    kind: 'paused',
    victims: [victim],
    inflict: async () => {
      await part.signal('SIGSTOP');
      await delay(ms);
      const remark = `${Math.round(ms)} ms`;
      if (!dies) {
        await part.signal('SIGCONT');
        return { remark };
      }
      await part.kill();
      await part.start();
      return { remark: `${remark}, and killed` };
    },
  };
}

const LEAST_SLEEP_MS = 12_000;
const LONGEST_SLEEP_MS = 45_000;
const SUCCESSOR_MS = 3_000;
const LOOK_EVERY_MS = 500;

/** A projector sleeps until others have its partitions, and a while longer: it wakes up in the middle of its batch. */
export function sleep(set: DistributedSet, random: Random): Fault {
  const victim = anyOf([PROJECTOR_1, PROJECTOR_2], random);
  const part = set.part(victim);
  const leastMs = LEAST_SLEEP_MS + 8_000 * random.uniform();
  const { administration } = set;
  const othersHaveAll = async () => {
    const others = PROJECTORS.filter((name) => name !== victim);
    const theirs = await Promise.all(others.map((name) => administration.partitionsOf(name)));
    return theirs.reduce((sum, partitions) => sum + partitions, 0) >= PARTITIONS;
  };
  return {
    kind: 'slept',
    victims: [victim],
    beside: true,
    inflict: async () => {
      const had = await administration.partitionsOf(victim);
      await part.signal('SIGSTOP');
      const begun = performance.now();
      const slept = () => performance.now() - begun;
      let lostAt: number | undefined;
      // Whoever has its partitions is to have landed something by the time that it wakes up.
      const isOver = () => slept() > (lostAt === undefined ? LONGEST_SLEEP_MS : lostAt + SUCCESSOR_MS);
      while (slept() < leastMs || (had > 0 && !isOver())) {
        await delay(LOOK_EVERY_MS);
        if (had > 0 && lostAt === undefined && (await othersHaveAll())) lostAt = slept();
      }
      await part.signal('SIGCONT');
      const remark = `${Math.round(slept())} ms, had ${had} partitions`;
      return { remark, ...(lostAt !== undefined && { effect: EFFECTS.asleep }) };
    },
  };
}

/** Ends as an operator ends it, within the time that it is given, and is started again. */
export function stop(set: DistributedSet, random: Random): Fault {
  const victim = chosen(
    VICTIMS.filter(([name]) => !(SERVERS as readonly string[]).includes(name)),
    random,
  );
  const part = set.part(victim) as ProcessPart;
  return {
    kind: 'stopped',
    victims: [victim],
    inflict: async () => {
      await part.stop();
      const { code, ms } = part.stopped ?? { code: null, ms: 0 };
      await part.start();
      return { remark: `ended with ${code} in ${ms} ms` };
    },
  };
}

const gatesInUse = (set: DistributedSet): string[] => {
  const used = [...set.gates].filter(([, gate]) => gate.isUsed).map(([name]) => name);
  return used.length > 0 ? used : ['kafka'];
};

const TRAP_MS = 2_000;

/** Cuts connections: at any moment, or just when something is being made final. */
export function drop(set: DistributedSet, random: Random): Fault {
  const victim = anyOf(gatesInUse(set), random);
  const gate = set.gates.get(victim);
  const trap = trapFor(victim);
  const [trapped, passing] = [trap !== undefined && random.uniform() < 0.6, random.uniform() < 0.5];
  return {
    kind: 'cut off',
    victims: [victim],
    inflict: async () => {
      if (trap && trapped && (await gate?.dropAt({ on: trap, passing }, TRAP_MS)))
        return sprung(trap, passing);
      gate?.drop();
      return {};
    },
  };
}

const sprung = (trap: Trap['on'], passing: boolean): Outcome => ({
  remark: passing ? 'after it was heard' : 'before it was heard',
  ...(trap === endsTransaction && { effect: EFFECTS.cut }),
});

const PATIENT_TRAP_MS = 10_000;

/** Cuts Kafka's connection just when a transaction ends. */
export function cutTransaction(set: DistributedSet, random: Random): Fault {
  const passing = random.uniform() < 0.5;
  return {
    kind: 'cut off',
    victims: ['kafka'],
    inflict: async () =>
      (await set.gates.get('kafka')?.dropAt({ on: endsTransaction, passing }, PATIENT_TRAP_MS))
        ? sprung(endsTransaction, passing)
        : {},
  };
}

const trapFor = (gate: string): Trap['on'] | undefined => {
  if (gate === 'kafka') return endsTransaction;
  return gate.endsWith('> warehouse') ? inserts : undefined;
};

/** What is delivered comes late. */
export function slowDown(set: DistributedSet, random: Random): Fault {
  const victim = anyOf(gatesInUse(set), random);
  const gate = set.gates.get(victim);
  const [byMs, forMs] = [10 + 200 * random.uniform() ** 2, 500 + 3_000 * random.uniform()];
  return {
    kind: 'delayed',
    victims: [victim],
    inflict: async () => {
      gate?.slowDown(byMs);
      await delay(forMs);
      gate?.slowDown(0);
      return { remark: `${Math.round(byMs)} ms for ${Math.round(forMs)} ms` };
    },
  };
}

export function fillDisk(set: DistributedSet, random: Random): Fault {
  const ms = 500 + 4_000 * random.uniform();
  return {
    kind: 'disk full',
    victims: ['disk'],
    inflict: async () => {
      set.disk.fill();
      await delay(ms);
      set.disk.free();
      return { remark: `${Math.round(ms)} ms` };
    },
  };
}

/** Once more from the event store what the relay has had, or an answer that never comes. */
export function misbehave(set: DistributedSet, random: Random): Fault {
  const [what, ms] = [random.uniform(), pauseMs(random)];
  if (what < 0.5) return deliverAgain(set, random);
  const keepSilent = async (): Promise<Outcome> => {
    set.orderEventStore(`silent ${Math.round(ms)}`);
    await delay(ms);
    return { remark: `no answers for ${Math.round(ms)} ms` };
  };
  const loseAnswer = async (): Promise<Outcome> => {
    set.orderEventStore('lose-next-answer');
    return { remark: 'the next answer is lost' };
  };
  return {
    kind: 'misbehaved',
    victims: ['event-store'],
    inflict: what < 0.75 ? keepSilent : loseAnswer,
  };
}

const REPEAT_WITHIN_MS = 5_000;

export function deliverAgain(set: DistributedSet, random: Random): Fault {
  const events = 1 + Math.floor(50 * random.uniform());
  return {
    kind: 'misbehaved',
    victims: ['event-store'],
    inflict: async () => {
      const { lines } = set.part('event-store') as ProcessPart;
      const from = lines.length;
      const repeated = () => lines.slice(from).some((line) => line.startsWith('repeated'));
      set.orderEventStore(`repeat ${events}`);
      for (const relay of RELAYS) set.gates.get(`${relay} > event-store`)?.drop();
      const deadline = Date.now() + REPEAT_WITHIN_MS;
      while (!repeated() && Date.now() < deadline) await delay(LOOK_EVERY_MS);
      set.orderEventStore('repeat 0');
      const remark = `the last ${events} delivered again`;
      return repeated() ? { remark, effect: EFFECTS.repeated } : { remark: `not ${remark}` };
    },
  };
}

/** A third projector comes, or goes again. */
export function addOrRemove(set: DistributedSet): Fault {
  const part = set.part(PROJECTOR_3) as ProcessPart;
  return {
    kind: part.isWanted ? 'removed' : 'added',
    victims: [PROJECTOR_3],
    inflict: async () => {
      if (!part.isWanted) await part.start();
      else await part.stop();
      return {};
    },
  };
}
