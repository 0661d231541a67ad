import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedEvent } from '#eventing/event';
import { randomFrom } from '#statistics/random';
import { type Fault, nextFault } from './distributed-faults.js';
import { Load } from './distributed-load.js';
import type { EndedByItself, ProcessPart } from './distributed-part.js';
import { type Findings, readBack } from './distributed-read-back.js';
import { DistributedSet } from './distributed-set.js';

export interface RunOptions {
  /** Where everything is kept: data, logs, the protocol of the faults. */
  readonly dir: string;
  readonly faults: number;
  readonly seed: number;
  /** No further fault after so long. */
  readonly minutes?: number;
  /** No further fault once this is aborted. */
  readonly signal?: AbortSignal;
  readonly say: (line: string) => void;
}

export interface RunResult {
  /** How often each kind was inflicted on each victim. */
  readonly inflicted: ReadonlyMap<string, number>;
  readonly secondsPerFault: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly resent: number;
  readonly events: readonly RecordedEvent[];
  readonly ended: readonly EndedByItself[];
  /** Answers that no valid command may get. */
  readonly unexpected: readonly string[];
  readonly findings: Findings;
}

/** What a fault may take before the next one begins all the same. */
const OVERLAP_AFTER_MS = 3_000;
const MOST_AT_ONCE = 3;
/** Now and then everything is given the time to come to work again, lest there be nothing left to disturb. */
const BREATHE_EVERY = 10;
const BREATHE_MS = 10_000;
const REQUESTS_PER_SECOND = 40;
const SETTLING_MS = 180_000;
const PROGRESS_MS = 10_000;

/** The whole set under load and under faults; afterwards everything is read back. */
export const run = async ({ dir, faults, seed, minutes, signal, say }: RunOptions): Promise<RunResult> => {
  mkdirSync(dir, { recursive: true });
  const seconds: Record<string, number> = {};
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const begun = performance.now();
    const result = await work();
    seconds[what] = Math.round((performance.now() - begun) / 100) / 10;
    return result;
  };
  const set = await timed('start', () => DistributedSet.start(dir));
  try {
    if (set.disk.obstacle) say(`no full disks in this run: ${set.disk.obstacle}`);
    const load = new Load(
      set.part('command-api') as ProcessPart,
      await set.url('command-api', 'writers'),
      seed,
      REQUESTS_PER_SECOND,
    );
    const torment = new Torment(set, seed);
    const progress = setInterval(async () => {
      const lag = await set.freshness().catch(() => undefined);
      say(
        `${torment.inflicted} faults, ${load.acknowledgements} commands acknowledged, ${load.resent} sent again, ` +
          `${lag ? `landed up to ${lag.position}, ${lag.lagEvents} events behind` : 'lag unknown'}, ${set.ended.length} ended by themselves`,
      );
    }, PROGRESS_MS);
    try {
      const until = minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + minutes * 60_000;
      const enough = () => torment.inflicted >= faults || Date.now() > until || signal?.aborted === true;
      await timed('faults', () => torment.inflictUntil(enough));
      await timed('settling', async () => {
        await torment.healed();
        await load.end(SETTLING_MS);
        await set.landed(SETTLING_MS);
      });
    } finally {
      clearInterval(progress);
    }
    await timed('stopping', () => set.stopApplications());
    const { events, findings } = await timed('checking', () => readBack(set, load));
    writeFileSync(join(dir, 'ended.json'), JSON.stringify(set.ended, null, 2));
    writeFileSync(join(dir, 'findings.json'), JSON.stringify(findings, null, 2));
    return {
      inflicted: torment.counts,
      secondsPerFault: (seconds.faults ?? 0) / Math.max(1, torment.inflicted),
      seconds,
      acknowledged: load.acknowledgements,
      resent: load.resent,
      events,
      ended: set.ended,
      unexpected: load.unexpected,
      findings,
    };
  } finally {
    await set.end(join(dir, 'warehouse-kept'));
  }
};

/** Inflicts one fault after the other, and does not wait for everything to settle in between. */
class Torment {
  inflicted = 0;
  readonly counts = new Map<string, number>();
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly random;
  private failure: unknown;

  constructor(
    private readonly set: DistributedSet,
    seed: number,
  ) {
    this.random = randomFrom(seed);
  }

  async inflictUntil(done: () => boolean): Promise<void> {
    while (!done()) {
      await delay(100 + 500 * this.random.uniform());
      const fault = nextFault(this.set, this.random);
      if (this.underWay.has(fault.victim)) continue;
      const inflicting = this.inflict(fault);
      await Promise.race([inflicting, delay(OVERLAP_AFTER_MS * this.random.uniform())]);
      while (this.underWay.size >= MOST_AT_ONCE) await Promise.race(this.underWay.values());
      if (this.failure) throw this.failure;
      if (this.inflicted % BREATHE_EVERY === 0) await this.breathe();
    }
  }

  /** Until new events have landed, or it takes too long. */
  private async breathe(): Promise<void> {
    const until = Date.now() + BREATHE_MS;
    for (let before: number | undefined; Date.now() < until; await delay(100)) {
      const position = (await this.set.freshness().catch(() => undefined))?.position;
      if (position !== undefined && before !== undefined && position > before) return;
      before ??= position;
    }
  }

  /** Whatever is still under way has come to its end. */
  async healed(): Promise<void> {
    await Promise.all(this.underWay.values());
    if (this.failure) throw this.failure;
  }

  private inflict({ kind, victim, inflict }: Fault): Promise<void> {
    this.inflicted += 1;
    const number = this.inflicted;
    const what = `${kind}: ${victim}`;
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.set.note(`#${number} ${what}`);
    const begun = performance.now();
    const inflicting = inflict()
      .then((remark) => {
        const ms = Math.round(performance.now() - begun);
        this.set.note(`#${number} ${what}: over after ${ms} ms${remark ? ` (${remark})` : ''}`);
      })
      .catch((error: unknown) => {
        this.set.note(`#${number} ${what}: FAILED: ${error}`);
        this.failure ??= error;
      })
      .finally(() => this.underWay.delete(victim));
    this.underWay.set(victim, inflicting);
    return inflicting;
  }
}
