/** A constant of the simulation, and where it is from. */
export interface Known {
  readonly value: number;
  readonly unit: string;
  readonly what: string;
  readonly source: string;
  /** Not measured here: to be replaced by whoever knows better. */
  readonly assumed?: true;
}

const known = (value: number, unit: string, what: string, source: string): Known => ({
  value,
  unit,
  what,
  source,
});
const assumed = (value: number, unit: string, what: string, source: string): Known => ({
  ...known(value, unit, what, source),
  assumed: true,
});

export const MEASURED = {
  eventsPerCommand: known(1, 'event', 'of a command', 'most commands append one'),
  commandCpu: known(
    520,
    'µs',
    'command-api, CPU of a command sent singly',
    'docs/benchmarks.md, HTTP, embedded set',
  ),
  appendMs: known(13, 'ms', 'from a command to its answer', 'bench distributed, at 2 commands/s'),
  storeRate: assumed(
    15_000,
    '/s',
    'appends that the leader of an EventStoreDB cluster takes',
    'no server was at hand',
  ),
  gatherMs: known(
    10,
    'ms',
    'the relay gathers what is live',
    'libs/event-store/eventstoredb/subscription.ts',
  ),
  transactionMs: known(20, 'ms', 'a transaction of one event', 'bench distributed, 15 to 23 ms'),
  relayCpu: known(58, 'µs', 'relay, an event, on one thread', 'docs/benchmarks.md: 17,213/s from the double'),
  fetchMs: assumed(5, 'ms', 'from a commit to the projector', 'a fetch that waits is answered at once'),
  claimMs: known(27, 'ms', 'a claim: a small insert and a look at it', 'bench distributed, 17 to 31 ms'),
  insertMs: known(
    68,
    'ms',
    'an insert of one event into every projection it concerns',
    'bench distributed, at 2 commands/s',
  ),
  insertCpu: known(
    19,
    'µs',
    'warehouse, an event more in an insert',
    'bench projector, CPU of the warehouse',
  ),
  projectorCpu: known(
    20,
    'µs',
    'projector, an event, while the warehouse inserts',
    'bench projector, CPU of the projector',
  ),
  lookMs: known(25, 'ms', 'who waits for a row looks so often', 'libs/warehouse/landing/observed-landing.ts'),
  unevenness: known(
    3,
    'times',
    'the slowest in a hundred of a step, against the typical one',
    'bench relay: p99 29 to 155 ms, p50 16 to 50 ms',
  ),
  storeBytes: assumed(
    1_000,
    'bytes',
    'an event in EventStoreDB with its index',
    'its line has 723, index and envelope are more',
  ),
  kafkaBytes: known(
    303,
    'bytes',
    'an event in the topic, compressed in transactions of some twenty; larger ones take less',
    'bench distributed',
  ),
  eventBytes: known(
    122,
    'bytes',
    'an event in crm.events',
    'bench projector, without parts that were replaced',
  ),
  projectionBytes: known(
    97,
    'bytes',
    'an event in all projections together, of purchases',
    'bench projector, without parts that were replaced',
  ),
  rebuildRate: known(
    1_230_000,
    '/s',
    'events from which a projection is rebuilt, 2 cores',
    'docs/benchmarks.md',
  ),
} as const satisfies Record<string, Known>;

/** Limits of the product, from its sources. */
export const LIMITS = {
  /** apps/relay/relay.ts */
  transactionEvents: 5_000,
  relayGathering: { share: 3, longestRestMs: 100, savedMs: 100 },
  /** apps/relay/read-ahead.ts */
  enoughToRelay: 1_000,
  /** libs/warehouse/landing/landing.ts */
  insertEvents: 20_000,
  /** libs/warehouse/landing/rounds.ts */
  landingGathering: { share: 3, longestRestMs: 1_000, savedMs: 500 },
} as const;

/** One event at a time through the idle relay, to a consumer: no projector, no warehouse. Bench `relay`. */
export const RELAY_RUNS = [
  { load: 15, p50: 57, p99: 234 },
  { load: 29, p50: 50, p99: 155 },
] as const;

/** Runs of the bench `distributed`, with how long the steps took in them. */
export const RUNS: readonly Run[] = [
  {
    load: 4,
    commandsPerSecond: 2,
    appendMs: 13,
    transactionMs: 15,
    claimMs: 27,
    insertMs: 68,
    p50: 183,
    p99: 257,
  },
  {
    load: 5,
    commandsPerSecond: 100,
    appendMs: 91,
    transactionMs: 23,
    claimMs: 31,
    insertMs: 145,
    p50: 1157,
    p99: 1495,
  },
  {
    load: 47,
    commandsPerSecond: 2,
    appendMs: 152,
    // Of the run before, at a load of 44.
    transactionMs: 160,
    claimMs: 160,
    insertMs: 891,
    p50: 5383,
    p99: 6104,
  },
];

export interface Run {
  readonly load: number;
  readonly commandsPerSecond: number;
  readonly appendMs: number;
  readonly transactionMs: number;
  readonly claimMs: number;
  readonly insertMs: number;
  readonly p50: number;
  readonly p99: number;
}
