import { LIMITS, MEASURED } from './measured.js';

/** How many there are of each part of one set. */
export interface Parts {
  /** Complete sets side by side, each with its own customers: 1 unless one event store or relay is too slow. */
  readonly sets: number;
  readonly commandApis: number;
  readonly partitions: number;
  readonly projectors: number;
  readonly warehouseCores: number;
}

/** Of what a part can do it is to be given this share, so that it catches up after a fault. */
export const SHARE = 0.7;
export const DEFAULT_PARTITIONS = 4;

const perSecond = (microseconds: number): number => 1e6 / microseconds;

/** Commands a second of one command-api process. */
export const commandApiRate = (): number => perSecond(MEASURED.commandCpu.value);

/** Events a second when every transaction is as large as it may be. */
export const relayRate = (): number =>
  LIMITS.transactionEvents /
  (MEASURED.transactionMs.value / 1000 + (LIMITS.transactionEvents * MEASURED.relayCpu.value) / 1e6);

/** Seconds of one core of the warehouse for a claim and its insert. */
export const insertSeconds = (events: number): number =>
  (MEASURED.claimMs.value + MEASURED.insertMs.value) / 1000 + (events * MEASURED.insertCpu.value) / 1e6;

/** Events a second of one projector when every insert is as large as it may be: it reads while the warehouse inserts. */
export const projectorRate = (): number =>
  LIMITS.insertEvents /
  Math.max(insertSeconds(LIMITS.insertEvents), (LIMITS.insertEvents * MEASURED.projectorCpu.value) / 1e6);

/** Events a second that one set takes at most, however many there are of the other parts. */
export const setRate = (): number => Math.min(MEASURED.storeRate.value, relayRate());

const powerOfTwoFrom = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(1, least)));

/** The formula of docs/scaling.md. */
export const partsFor = (commandsPerSecond: number): Parts => {
  const events = commandsPerSecond * MEASURED.eventsPerCommand.value;
  const sets = Math.ceil(events / (SHARE * setRate()));
  const eventsOfOne = events / sets;
  const projectors = Math.ceil(eventsOfOne / (SHARE * projectorRate()));
  return {
    sets,
    commandApis: Math.ceil(commandsPerSecond / sets / (SHARE * commandApiRate())),
    partitions: Math.max(DEFAULT_PARTITIONS, powerOfTwoFrom(projectors)),
    projectors,
    // One for each projector's insert, one for merges, one for who asks.
    warehouseCores: projectors + 2,
  };
};

/** As it is without any setting. */
export const DEFAULTS: Parts = {
  sets: 1,
  commandApis: 1,
  partitions: DEFAULT_PARTITIONS,
  projectors: 1,
  warehouseCores: 3,
};
