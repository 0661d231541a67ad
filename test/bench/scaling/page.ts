import { type Known, LIMITS, MEASURED, RELAY_RUNS, RUNS } from './measured.js';
import { type Outcome, type Stage, simulate, type Times } from './simulation.js';
import { commandApiRate, DEFAULTS, type Parts, partsFor, projectorRate, relayRate, SHARE } from './sizing.js';

const SEED = 7;
const SECONDS = 20;
const RATES = [1_000, 10_000, 50_000, 100_000];
const EVENTS = 10e9;
const REPLICAS = { store: 3, kafka: 3, warehouse: 3 };
const TERABYTE = 1e12;

/** How far from what was measured the simulation may be: the machine was never quiet. */
export const TOLERANCE = { p50: 1.6, p99: 3 } as const;

/** As measured, for parts that have cores of their own. */
export const TIMES: Times = {
  commandCpu: MEASURED.commandCpu.value,
  appendMs: MEASURED.appendMs.value,
  storeRate: MEASURED.storeRate.value,
  gatherMs: MEASURED.gatherMs.value,
  transactionMs: MEASURED.transactionMs.value,
  relayCpu: MEASURED.relayCpu.value,
  fetchMs: MEASURED.fetchMs.value,
  claimMs: MEASURED.claimMs.value,
  insertMs: MEASURED.insertMs.value,
  insertCpu: MEASURED.insertCpu.value,
  projectorCpu: MEASURED.projectorCpu.value,
  lookMs: MEASURED.lookMs.value,
  unevenness: MEASURED.unevenness.value,
};

export interface Reproduced {
  readonly what: string;
  readonly measured: { readonly p50: number; readonly p99: number };
  readonly simulated: { readonly p50: number; readonly p99: number };
}

/** Nothing behind the topic. */
const NO_WAREHOUSE = { claimMs: 0, insertMs: 0, insertCpu: 0, projectorCpu: 0, lookMs: 0 };
const ONE_AT_A_TIME = 8;

/** What was measured, simulated; the whole set with the durations of steps that were measured beside. */
export const reproduced = (): Reproduced[] => {
  const simulated = (times: Times, eventsPerSecond: number) =>
    simulate(DEFAULTS, times, { eventsPerSecond, seconds: 120, seed: SEED });
  return [
    ...RELAY_RUNS.map(({ load, p50, p99 }) => ({
      what: `one event through the relay, machine's load ${load}`,
      measured: { p50, p99 },
      simulated: simulated({ ...TIMES, ...NO_WAREHOUSE }, ONE_AT_A_TIME),
    })),
    ...RUNS.map(({ load, commandsPerSecond, p50, p99, ...steps }) => ({
      what: `whole set, ${commandsPerSecond} commands/s, machine's load ${load}, with the durations of steps measured then`,
      measured: { p50, p99 },
      simulated: simulated({ ...TIMES, ...steps }, commandsPerSecond),
    })),
  ];
};

/** What stands in docs/scaling.md between the marks. */
export const simulationText = (): string =>
  [
    '### What it starts from\n',
    constants(),
    '### Parts by the formula\n',
    table(
      [
        'commands/s',
        'sets',
        'of each set: command-api, relay, partitions, projectors, warehouse cores',
        'landed/s',
        'p50',
        'p99',
        'busiest part',
      ],
      RATES.map((rate) => row(rate, partsFor(rate))),
    ),
    '### The same load on one set with one projector\n',
    `As it comes: ${DEFAULTS.partitions} partitions, one projector, ${DEFAULTS.warehouseCores} cores for the warehouse; only of command-api there are as many as the formula says, and of the event store is asked whatever comes. Where a part is asked for more than 100 %, what waits grows for as long as the load lasts, and the lag with it: shown is what ${SECONDS} s bring.\n`,
    table(
      [
        'commands/s',
        'landed/s',
        'p50',
        'p99',
        `waiting after ${SECONDS} s`,
        'asked of event store, relay, projector, warehouse',
      ],
      RATES.map((rate) => defaultRow(rate)),
    ),
    '### Ten billion events\n',
    stored(),
    '### Against what was measured\n',
    table(
      ['what', 'p50 measured', 'p50 simulated', 'p99 measured', 'p99 simulated'],
      reproduced().map(({ what, measured, simulated }) => [
        what,
        ms(measured.p50),
        ms(simulated.p50),
        ms(measured.p99),
        ms(simulated.p99),
      ]),
    ),
    `A test holds the medians to within a factor of ${TOLERANCE.p50}, and the slowest in a hundred to within ${TOLERANCE.p99}.\n`,
  ].join('\n');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;

const whole = (value: number): string => Math.round(value).toLocaleString('en');
/** Of what has not landed at all nothing is known but that it took longer. */
const ms = (value: number): string =>
  Number.isNaN(value)
    ? `over ${SECONDS} s`
    : value >= 10_000
      ? `${(value / 1000).toFixed(0)} s`
      : `${value.toFixed(0)} ms`;
const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;

const constants = (): string =>
  table(
    ['value', 'of what', 'from where'],
    Object.values<Known>(MEASURED).map(({ value, unit, what, source, assumed }) => [
      `${value.toLocaleString('en')} ${unit}`,
      what,
      assumed ? `**assumed**: ${source}` : source,
    ]),
  );

const outcome = (rate: number, parts: Parts): Outcome =>
  simulate(parts, TIMES, {
    eventsPerSecond: (rate * MEASURED.eventsPerCommand.value) / parts.sets,
    seconds: SECONDS,
    seed: SEED,
  });

const busiest = (busy: Outcome['busy']): string => {
  const [stage, share] = (Object.entries(busy) as [Stage, number][]).sort(([, a], [, b]) => b - a)[0]!;
  return `${stage} ${percent(share)}`;
};

const row = (rate: number, parts: Parts): string[] => {
  const { sets, commandApis, partitions, projectors, warehouseCores } = parts;
  const { landedPerSecond, p50, p99, busy } = outcome(rate, parts);
  return [
    whole(rate),
    String(sets),
    [commandApis, 1, partitions, projectors, warehouseCores].join(', '),
    whole(landedPerSecond * sets),
    ms(p50),
    ms(p99),
    busiest(busy),
  ];
};

const defaultRow = (rate: number): string[] => {
  const commandApis = Math.ceil(rate / (SHARE * commandApiRate()));
  const { landedPerSecond, p50, p99, behind, busy } = outcome(rate, { ...DEFAULTS, commandApis });
  const { 'event store': store, relay, projectors, warehouse } = busy;
  return [
    whole(rate),
    whole(landedPerSecond),
    ms(p50),
    ms(p99),
    whole(behind),
    [store, relay, projectors, warehouse].map(percent).join(', '),
  ];
};

const stored = (): string => {
  const size = (bytes: number, replicas: number): string[] => [
    `${((EVENTS * bytes) / TERABYTE).toFixed(1)} TB`,
    `${replicas}`,
    `${((EVENTS * bytes * replicas) / TERABYTE).toFixed(1)} TB`,
  ];
  const days = (rate: number): string => `${(EVENTS / rate / 86_400).toFixed(1)} days`;
  return [
    table(
      ['on disk', 'once', 'copies', 'in all'],
      [
        ['EventStoreDB', ...size(MEASURED.storeBytes.value, REPLICAS.store)],
        ['Kafka, if all of it were kept', ...size(MEASURED.kafkaBytes.value, REPLICAS.kafka)],
        ['crm.events', ...size(MEASURED.eventBytes.value, REPLICAS.warehouse)],
        ['all projections', ...size(MEASURED.projectionBytes.value, REPLICAS.warehouse)],
      ],
    ),
    table(
      ['what', 'at', 'takes'],
      [
        [
          'one projection anew, inside ClickHouse, 2 cores',
          `${whole(MEASURED.rebuildRate.value)}/s`,
          `${(EVENTS / MEASURED.rebuildRate.value / 3600).toFixed(1)} hours`,
        ],
        [
          'the same, 32 cores, if it grows with them',
          `${whole(MEASURED.rebuildRate.value * 16)}/s`,
          `${(((EVENTS / MEASURED.rebuildRate.value / 16) * 60) / 3600).toFixed(0)} minutes`,
        ],
        ['an empty topic from the event store: one relay', `${whole(relayRate())}/s`, days(relayRate())],
        [
          'an empty warehouse from the topic: one projector',
          `${whole(projectorRate())}/s`,
          days(projectorRate()),
        ],
        ['the same, four projectors', `${whole(4 * projectorRate())}/s`, days(4 * projectorRate())],
      ],
    ),
    `Capacities above are what one part does at its limit, with transactions of ${whole(LIMITS.transactionEvents)} and inserts of ${whole(LIMITS.insertEvents)} events; the formula gives each at most ${percent(SHARE)} of it.\n`,
  ].join('\n');
};
