import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RecordedEvent } from '#eventing/event';
import { randomFrom } from '#statistics/random';
import type { Fault } from './distributed-fault.js';
import { nextFault, SURE, type Sure } from './distributed-faults.js';
import { Load } from './distributed-load.js';
import { Operator } from './distributed-operator.js';
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
  /** How often a fault had the effect that it was to have. */
  readonly effects: ReadonlyMap<string, number>;
  readonly secondsPerFault: number;
  readonly seconds: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly resent: number;
  readonly events: readonly RecordedEvent[];
  readonly ended: readonly EndedByItself[];
  /** Answers that no valid command may get. */
  readonly unexpected: readonly string[];
  readonly findings: Findings;
  /** Parts of tables that the engine has laid aside, and why. */
  readonly laidAside: readonly string[];
}

/** What a fault may take before the next one begins all the same. */
const OVERLAP_AFTER_MS = 3_000;
const MOST_AT_ONCE = 3;
/** Now and then everything is given the time to come to work again, lest there be nothing left to disturb. */
const BREATHE_EVERY = 10;
const BREATHE_MS = 10_000;
/** One of so many faults is one that must have its effect, as long as there are any. */
const SURE_EVERY = 6;
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
      const lag = await set.administration.freshness().catch(() => undefined);
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
        await torment.finish(SETTLING_MS);
      });
    } finally {
      clearInterval(progress);
    }
    await timed('stopping', () => set.stopApplications());
    const { events, findings, laidAside } = await timed('checking', () => readBack(set, load));
    writeFileSync(join(dir, 'ended.json'), JSON.stringify(set.ended, null, 2));
    writeFileSync(join(dir, 'findings.json'), JSON.stringify(findings, null, 2));
    return {
      inflicted: torment.counts,
      effects: torment.effects,
      secondsPerFault: (seconds.faults ?? 0) / Math.max(1, torment.inflicted),
      seconds,
      acknowledged: load.acknowledgements,
      resent: load.resent,
      events,
      ended: set.ended,
      unexpected: [...load.unexpected, ...torment.complaints],
      findings,
      laidAside,
    };
  } finally {
    await set.end(join(dir, 'warehouse-kept'));
  }
};

/** Inflicts one fault after the other, and does not wait for everything to settle in between. */
class Torment {
  inflicted = 0;
  readonly counts = new Map<string, number>();
  readonly effects = new Map<string, number>();
  /** Who suffers at the moment; and what the next fault waits for when there is too much of it. */
  private readonly suffering = new Set<string>();
  private readonly underWay = new Set<Promise<void>>();
  private readonly beside = new Set<Promise<void>>();
  private readonly sure = [...SURE];
  private nextSure = SURE_EVERY / 2;
  private readonly random;
  private readonly operator: Operator;
  private failure: unknown;

  constructor(
    private readonly set: DistributedSet,
    seed: number,
  ) {
    this.random = randomFrom(seed);
    this.operator = new Operator(set);
  }

  get complaints(): readonly string[] {
    return this.operator.complaints;
  }

  async inflictUntil(done: () => boolean): Promise<void> {
    while (!done()) {
      await delay(100 + 500 * this.random.uniform());
      const inflicting = this.inflictNext();
      if (!inflicting) continue;
      await Promise.race([inflicting, delay(OVERLAP_AFTER_MS * this.random.uniform())]);
      while (this.underWay.size >= MOST_AT_ONCE) await Promise.race(this.underWay);
      if (this.failure) throw this.failure;
      if (this.inflicted % BREATHE_EVERY === 0) await this.breathe();
    }
  }

  /** Whatever is still under way has come to its end. */
  async healed(): Promise<void> {
    await Promise.all([...this.underWay, ...this.beside]);
    if (this.failure) throw this.failure;
  }

  /** Whatever an operator has begun has come to its end. */
  finish(withinMs: number): Promise<void> {
    return this.operator.finish(this.random, withinMs);
  }

  /** Until new events have landed, or it takes too long. */
  private async breathe(): Promise<void> {
    const until = Date.now() + BREATHE_MS;
    for (let before: number | undefined; Date.now() < until; await delay(100)) {
      const position = (await this.set.administration.freshness().catch(() => undefined))?.position;
      if (position !== undefined && before !== undefined && position > before) return;
      before ??= position;
    }
  }

  /** None when its victim suffers already. */
  private inflictNext(): Promise<void> | undefined {
    const [sure] = this.sure;
    if (sure && this.inflicted + 1 >= this.nextSure) {
      const fault = sure.kind(this.set, this.random, this.operator);
      if (this.isFree(fault)) {
        this.nextSure = this.inflicted + 1 + SURE_EVERY;
        this.sure.shift();
        return this.inflict(fault, sure);
      }
    }
    const fault = nextFault(this.set, this.random, this.operator);
    return this.isFree(fault) ? this.inflict(fault) : undefined;
  }

  private isFree({ victims }: Fault): boolean {
    return !victims.some((victim) => this.suffering.has(victim));
  }

  private inflict({ kind, victims, beside, inflict }: Fault, sure?: Sure): Promise<void> {
    this.inflicted += 1;
    const number = this.inflicted;
    const what = `${kind}: ${victims[0]}`;
    count(this.counts, what);
    this.set.note(`#${number} ${what}`);
    for (const victim of victims) this.suffering.add(victim);
    const begun = performance.now();
    const inflicting = inflict()
      .then(({ remark, effect }) => {
        const ms = Math.round(performance.now() - begun);
        if (effect) count(this.effects, effect);
        // It is tried again after the next one.
        if (sure && effect !== sure.effect) this.sure.splice(1, 0, sure);
        const told = [remark, effect].filter((text) => text).join('; ');
        this.set.note(`#${number} ${what}: over after ${ms} ms${told ? ` (${told})` : ''}`);
      })
      .catch((error: unknown) => {
        this.set.note(`#${number} ${what}: FAILED: ${error}`);
        this.failure ??= error;
      })
      .finally(() => {
        for (const victim of victims) this.suffering.delete(victim);
        all.delete(inflicting);
      });
    const all = beside ? this.beside : this.underWay;
    all.add(inflicting);
    return beside ? Promise.resolve() : inflicting;
  }
}

const count = (counts: Map<string, number>, what: string): void => {
  counts.set(what, (counts.get(what) ?? 0) + 1);
};
