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
  appendMs: assumed(12, 'ms', 'from a command to its answer', 'a round trip, a decision and a sync'),
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
  transactionMs: known(20, 'ms', 'a transaction of one event', '16 to 24 ms, with kafkajs on Kafka 4.1.1'),
  relayCpu: known(
    70,
    'µs',
    'relay, an event, on one thread: 37 to read it, 33 to write it',
    'docs/benchmarks.md: reading 27,000/s, from SQLite 24,000 to 35,000/s',
  ),
  fetchMs: assumed(5, 'ms', 'from a commit to the projector', 'a fetch that waits is answered at once'),
  claimMs: assumed(15, 'ms', 'a claim: a small insert and a look at it', '70 ms at a load of 44'),
  insertMs: known(
    50,
    'ms',
    'an insert of one event into every projection it concerns',
    'docs/benchmarks.md, landing',
  ),
  insertCpu: known(
    18,
    'µs',
    'warehouse, an event more in an insert',
    '43,000 to 52,000/s over HTTP with projections',
  ),
  projectorCpu: known(
    13,
    'µs',
    'projector, an event, while the warehouse inserts',
    'reading from Kafka at 70,000 to 100,000/s',
  ),
  lookMs: known(25, 'ms', 'who waits for a row looks so often', 'libs/warehouse/landing/observed-landing.ts'),
  unevenness: known(
    3,
    'times',
    'the slowest in a hundred of a step, against the typical one',
    'bench relay: p99 155 ms, p50 50 ms',
  ),
  storeBytes: assumed(
    1_000,
    'bytes',
    'an event in EventStoreDB with its index',
    'its line has 723, index and envelope are more',
  ),
  kafkaBytes: known(
    367,
    'bytes',
    'an event in the topic, compressed in transactions of some twenty; larger ones take less',
    'bench distributed',
  ),
  eventBytes: known(122, 'bytes', 'an event in crm.events', 'bench projector'),
  projectionBytes: known(
    97,
    'bytes',
    'an event in all projections together, of purchases',
    'bench projector',
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
  /** libs/warehouse/landing/landing.ts */
  insertEvents: 20_000,
  mostLingerMs: 200,
  lingerShare: 3,
} as const;

/** One event at a time through the idle relay, to a consumer: no projector, no warehouse. Bench `relay`, load 15 and 29. */
export const RELAY_RUNS = [
  { load: 15, p50: 57, p99: 234 },
  { load: 29, p50: 50, p99: 155 },
] as const;

/** Runs of the bench `distributed`, with how long the steps took in them. */
export const RUNS: readonly Run[] = [
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
