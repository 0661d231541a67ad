import { Pace } from '#platform/pace';
import { normal, type Random, randomFrom } from '#statistics/random';
import { LIMITS } from './measured.js';
import type { Parts } from './sizing.js';

/** How long the steps of one set take. */
export interface Times {
  readonly commandCpu: number;
  readonly appendMs: number;
  readonly storeRate: number;
  readonly gatherMs: number;
  readonly transactionMs: number;
  readonly relayCpu: number;
  readonly fetchMs: number;
  readonly claimMs: number;
  readonly insertMs: number;
  readonly insertCpu: number;
  readonly projectorCpu: number;
  readonly lookMs: number;
  /** How many times as long as the typical one the slowest in a hundred of a step takes. */
  readonly unevenness: number;
}

export interface Load {
  /** Of one set. */
  readonly eventsPerSecond: number;
  readonly seconds: number;
  readonly seed: number;
}

export type Stage = 'command-api' | 'event store' | 'relay' | 'projectors' | 'warehouse';

export interface Outcome {
  readonly landedPerSecond: number;
  /** From sending a command until whoever waits for its row sees it. */
  readonly p50: number;
  readonly p99: number;
  /** Events that wait at the end. */
  readonly behind: number;
  /** Share of what a stage can do. */
  readonly busy: Readonly<Record<Stage, number>>;
  readonly eventsPerTransaction: number;
  readonly eventsPerInsert: number;
}

/** Events that were sent in one millisecond and go the same way. */
interface Cohort {
  readonly sent: number;
  readonly at: number;
  readonly events: number;
  /** Which of the relay's it was in. */
  readonly transaction?: number;
}

const TICK_MS = 1;
const WARM_UP = 0.25;
const Z_OF_ONE_IN_A_HUNDRED = 2.326;
/** Below it every event of a cohort is given a partition of its own; above it they are spread evenly. */
const ONE_BY_ONE = 64;

/**
 * One set under a steady load: arrivals of each millisecond are drawn, and every transaction and every insert is an
 * event of the simulation. What goes forward never waits for what comes after, so stage follows stage; only the
 * warehouse's cores are shared by all projectors. Milliseconds throughout; a seed gives the same outcome everywhere.
 */
export const simulate = (parts: Parts, times: Times, load: Load): Outcome => {
  const random = randomFrom(load.seed);
  const sigma = Math.log(times.unevenness) / Z_OF_ONE_IN_A_HUNDRED;
  const uneven = (ms: number): number => ms * Math.exp(sigma * normal(random));
  const end = load.seconds * 1000;

  const appended = append(arrivals(load, random), parts, times, uneven);
  const relayed = relay(appended, times, uneven, end);
  const landed = land(relayed.committed, parts, times, uneven, random, end);

  const from = WARM_UP * end;
  const lags = visible(landed.cohorts, relayed.committed)
    .filter(({ sent }) => sent >= from)
    .map(({ sent, at, events }) => ({ lag: at + random.uniform() * times.lookMs - sent, events }))
    .sort((a, b) => a.lag - b.lag);
  const sum = (cohorts: readonly Cohort[]): number =>
    cohorts.reduce((total, { events }) => total + events, 0);
  const sentEvents = sum(appended);
  const landedLate = landed.cohorts.filter(({ at }) => at >= from && at < end);
  return {
    landedPerSecond: sum(landedLate) / ((end - from) / 1000),
    p50: quantile(lags, 0.5),
    p99: quantile(lags, 0.99),
    behind: sentEvents - sum(landed.cohorts.filter(({ at }) => at < end)),
    busy: {
      'command-api': (load.eventsPerSecond * times.commandCpu) / 1e6 / parts.commandApis,
      'event store': load.eventsPerSecond / times.storeRate,
      // Asked of the largest batches: small ones cost more, and grow when there is more to do.
      relay:
        (load.eventsPerSecond * largest(LIMITS.transactionEvents, times.transactionMs, times.relayCpu)) /
        1000,
      projectors:
        (load.eventsPerSecond *
          Math.max(
            largest(LIMITS.insertEvents, times.claimMs + times.insertMs, times.insertCpu),
            times.projectorCpu / 1000,
          )) /
        1000 /
        parts.projectors,
      warehouse:
        (load.eventsPerSecond *
          largest(LIMITS.insertEvents, times.claimMs + times.insertMs, times.insertCpu)) /
        1000 /
        parts.warehouseCores,
    },
    eventsPerTransaction: relayed.events / relayed.transactions,
    eventsPerInsert: landed.events / landed.inserts,
  };
};

/** A position counts as landed when all of its transaction has, and of every one before: seen as the watermark sees it. */
const visible = (landed: readonly Cohort[], committed: readonly Cohort[]): Cohort[] => {
  const missing = new Map<number, number>();
  const latest = new Map<number, number>();
  for (const { transaction, events } of committed)
    missing.set(transaction!, (missing.get(transaction!) ?? 0) + events);
  for (const { transaction, events, at } of landed) {
    missing.set(transaction!, missing.get(transaction!)! - events);
    latest.set(transaction!, Math.max(latest.get(transaction!) ?? 0, at));
  }
  const seen = new Map<number, number>();
  let until = 0;
  for (const [transaction, left] of missing) {
    if (left > 0) break;
    until = Math.max(until, latest.get(transaction)!);
    seen.set(transaction, until);
  }
  return landed.flatMap((cohort) => {
    const at = seen.get(cohort.transaction!);
    return at === undefined ? [] : [{ ...cohort, at }];
  });
};

/** Milliseconds of one event in a batch of so many. */
const largest = (events: number, fixedMs: number, microseconds: number): number =>
  fixedMs / events + microseconds / 1000;

const quantile = (
  sorted: readonly { readonly lag: number; readonly events: number }[],
  share: number,
): number => {
  const goal = share * sorted.reduce((sum, { events }) => sum + events, 0);
  let passed = 0;
  for (const { lag, events } of sorted) {
    passed += events;
    if (passed >= goal) return lag;
  }
  return Number.NaN;
};

const arrivals = ({ eventsPerSecond, seconds }: Load, random: Random): Cohort[] => {
  const mean = (eventsPerSecond * TICK_MS) / 1000;
  const cohorts: Cohort[] = [];
  for (let tick = 0; tick < (seconds * 1000) / TICK_MS; tick++) {
    const events = poisson(mean, random);
    const sent = (tick + random.uniform()) * TICK_MS;
    if (events > 0) cohorts.push({ sent, at: sent, events });
  }
  return cohorts;
};

/** Knuth's product of uniforms; the normal approximation where that would take long. */
const poisson = (mean: number, random: Random): number => {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > least; product *= random.uniform()) count += 1;
  return count;
};

type Uneven = (ms: number) => number;

/** Decided and on disk. Cohorts stay in the order of the event store. */
const append = (cohorts: readonly Cohort[], parts: Parts, times: Times, uneven: Uneven): Cohort[] => {
  const perEvent = Math.max(times.commandCpu / 1000 / parts.commandApis, 1000 / times.storeRate);
  let free = 0;
  return cohorts
    .map((cohort) => {
      free = Math.max(free, cohort.at) + cohort.events * perEvent;
      return { ...cohort, at: free + uneven(times.appendMs) };
    })
    .sort((a, b) => a.at - b.at);
};

/** One after the other, each taking all that has come meanwhile, up to the limit. */
const relay = (
  cohorts: readonly Cohort[],
  times: Times,
  uneven: Uneven,
  end: number,
): { committed: Cohort[]; transactions: number; events: number } => {
  const committed: Cohort[] = [];
  const pace = new Pace(LIMITS.relayGathering);
  let [free, notBefore, next, transactions, events] = [0, 0, 0, 0, 0];
  while (next < cohorts.length) {
    const gathered = Math.min(notBefore, whenThereAre(LIMITS.enoughToRelay, cohorts, next));
    const begins = Math.max(free, gathered, cohorts[next]!.at + times.gatherMs / 2);
    if (begins > end) break;
    const batch: Cohort[] = [];
    let count = 0;
    while (next < cohorts.length && cohorts[next]!.at <= begins && count < LIMITS.transactionEvents) {
      count += cohorts[next]!.events;
      batch.push(cohorts[next++]!);
    }
    free = begins + uneven(times.transactionMs) + (count * times.relayCpu) / 1000;
    notBefore = pace.worked(begins, free);
    for (const cohort of batch)
      committed.push({ ...cohort, at: free + times.fetchMs, transaction: transactions });
    transactions += 1;
    events += count;
  }
  return { committed, transactions, events };
};

interface Lane {
  readonly waiting: Cohort[];
  next: number;
  notBefore: number;
}

/** What a projector lands in one go, each of its partitions once; after that all of them gather. */
interface Round {
  readonly pace: Pace;
  began: number;
  inserts: number;
  ms: number;
}

/** Each projector lands one of its partitions after the other, the one that waits longest first. */
const land = (
  cohorts: readonly Cohort[],
  parts: Parts,
  times: Times,
  uneven: Uneven,
  random: Random,
  end: number,
): { cohorts: Cohort[]; inserts: number; events: number } => {
  const lanes = spread(cohorts, parts.partitions, random);
  const free = Array.from({ length: parts.projectors }, () => 0);
  const rounds = free.map(
    (): Round => ({ pace: new Pace(LIMITS.landingGathering), began: 0, inserts: 0, ms: 0 }),
  );
  const cores = Array.from({ length: parts.warehouseCores }, () => 0);
  const landed: Cohort[] = [];
  let [inserts, events] = [0, 0];
  for (;;) {
    endRounds(rounds, lanes, free);
    const turn = nextTurn(lanes, free);
    if (!turn || turn.at > end) return { cohorts: landed, inserts, events };
    const { lane, projector, at } = turn;
    const batch: Cohort[] = [];
    let count = 0;
    while (
      lane.next < lane.waiting.length &&
      lane.waiting[lane.next]!.at <= at &&
      count < LIMITS.insertEvents
    ) {
      count += lane.waiting[lane.next]!.events;
      batch.push(lane.waiting[lane.next++]!);
    }
    const core = cores.indexOf(Math.min(...cores));
    const begins = Math.max(at, cores[core]!);
    const inserting = uneven(times.insertMs) + (count * times.insertCpu) / 1000;
    const done = begins + uneven(times.claimMs) + inserting;
    const round = rounds[projector]!;
    if (round.inserts === 0) round.began = done - inserting;
    round.inserts += 1;
    round.ms += inserting;
    cores[core] = done;
    // Meanwhile it reads and checks what comes next.
    free[projector] = Math.max(done, at + (count * times.projectorCpu) / 1000);
    lane.notBefore = done + LIMITS.landingGathering.longestRestMs;
    for (const cohort of batch) landed.push({ ...cohort, at: done });
    inserts += 1;
    events += count;
  }
};

/** A projector that has nothing to land at once ends its round, and its partitions gather. */
const endRounds = (rounds: readonly Round[], lanes: readonly Lane[], free: readonly number[]): void => {
  for (const [projector, round] of rounds.entries()) {
    const own = lanes.filter((_, partition) => partition % free.length === projector);
    const now = free[projector]!;
    const goesOn = own.some((lane) => (beginsAt(lane) ?? Number.POSITIVE_INFINITY) <= now);
    if (round.inserts === 0 || goesOn) continue;
    const until = round.pace.worked(round.began, now, round.ms / round.inserts);
    for (const lane of own) lane.notBefore = until;
    round.inserts = 0;
    round.ms = 0;
  }
};

/** When what waits in a partition may be landed; a full batch does not wait. */
const beginsAt = (lane: Lane): number | undefined => {
  const first = lane.waiting[lane.next];
  if (!first) return undefined;
  const full = whenThereAre(LIMITS.insertEvents, lane.waiting, lane.next);
  return Math.max(first.at, Math.min(full, lane.notBefore));
};

const nextTurn = (
  lanes: readonly Lane[],
  free: readonly number[],
): { lane: Lane; projector: number; at: number } | undefined => {
  let best: { lane: Lane; projector: number; at: number; waited: number } | undefined;
  for (const [partition, lane] of lanes.entries()) {
    const begins = beginsAt(lane);
    if (begins === undefined) continue;
    const projector = partition % free.length;
    const at = Math.max(free[projector]!, begins);
    const waited = lane.waiting[lane.next]!.sent;
    if (!best || at < best.at || (at === best.at && waited < best.waited))
      best = { lane, projector, at, waited };
  }
  return best;
};

/** Never, when there are not. */
const whenThereAre = (events: number, waiting: readonly Cohort[], from: number): number => {
  let count = 0;
  for (let i = from; i < waiting.length; i++) {
    count += waiting[i]!.events;
    if (count >= events) return waiting[i]!.at;
  }
  return Number.POSITIVE_INFINITY;
};

const spread = (cohorts: readonly Cohort[], partitions: number, random: Random): Lane[] => {
  const lanes: Lane[] = Array.from({ length: partitions }, () => ({ waiting: [], next: 0, notBefore: 0 }));
  for (const cohort of cohorts) {
    const counts = new Array<number>(partitions).fill(0);
    const single = Math.min(cohort.events, ONE_BY_ONE);
    const even = Math.floor((cohort.events - single) / partitions);
    for (let i = 0; i < cohort.events - even * partitions; i++) counts[random.uint32() % partitions]! += 1;
    for (const [partition, lane] of lanes.entries()) {
      const events = counts[partition]! + even;
      if (events > 0) lane.waiting.push({ ...cohort, events });
    }
  }
  return lanes;
};
