import type { EventStream, LandedOffsets } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';
import { noTracing, type Tracing } from '#platform/tracing';
import type { Boundary } from '../boundary.js';
import type { Warehouse } from '../warehouse.js';
import { Claims } from './claims.js';
import { LandedPublisher } from './landed-publisher.js';
import { Lander } from './lander.js';
import type { LandingProgress } from './landing-progress.js';
import { LandingCounts, type LandingStatus, partitionStatus, standingOf } from './landing-status.js';
import { LandingStopped } from './landing-stopped.js';
import { LandingTraces } from './landing-traces.js';
import type { Lane, LaneLimits } from './lane.js';
import { LaneReader } from './lane-reader.js';
import { Lanes } from './lanes.js';
import { Abandoned, Patience } from './patience.js';
import { Rounds } from './rounds.js';
import { WakeUp } from './wake-up.js';
import { type Freshness, Watermark } from './watermark.js';

export interface LandingOptions {
  readonly stream: EventStream;
  /** A connection of its own: what others run must not delay a batch. */
  readonly warehouse: Warehouse;
  readonly log: Logger;
  /** Names this process in the claims. */
  readonly writer: string;
  /** Where others look how far the events have landed. */
  readonly published?: LandedOffsets;
  /** Called after each batch. */
  readonly onLanded?: (batch: LandedBatch) => void;
  readonly tracing?: Pick<Tracing, 'begin'>;
  readonly limits?: LaneLimits;
  /** How many inserts the engine remembers. */
  readonly window?: number;
}

export interface LandedBatch {
  /** Its insert, and what was tried again of it. */
  readonly milliseconds: number;
  /** When the event store took its first event, in milliseconds since 1970. */
  readonly recordedAt: number;
}

const LIMITS: LaneLimits = { records: 20_000, bytes: 16 * 1024 * 1024 };
/** When it is to stop, a claim may take so long to be brought to its end; after that it is left to a successor. */
const GRACE_MS = 5000;
/** With nothing to do for so long, landed claims are noted. */
const IDLE_MS = 300;
/** How often it looks whether a hold that it met is released. */
const HELD_MS = 50;

/**
 * Brings the events of a stream into the warehouse, each exactly once. One loop owns the stream's consumer and
 * reads into lanes, one lane per partition; another takes from the lanes and lands one batch at a time.
 */
export class Landing implements LandingProgress {
  /** Ends when it is stopped; fails with what made it stop by itself. */
  readonly done: Promise<void>;
  /** Resolves when it knows how far the warehouse is; never, when it fails before. */
  readonly started: Promise<void>;
  private readonly watermark: Watermark;
  private readonly lanes = new Lanes();
  private readonly rounds = new Rounds(this.lanes);
  private readonly claims: Claims;
  private readonly lander: Lander;
  private readonly reader: LaneReader;
  private readonly patience: Patience;
  private readonly publisher: LandedPublisher | undefined;
  private readonly counts = new LandingCounts();
  private readonly traces: LandingTraces;
  private standing: Pick<LandingStatus, 'state' | 'reason' | 'since'> = {
    state: 'landing',
    since: Date.now(),
  };
  private failure: unknown;
  private readonly stopping = new AbortController();
  private readonly work = new WakeUp();
  private readonly room = new WakeUp();
  private readonly resting: { resolve(boundary: Boundary): void; reject(error: unknown): void }[] = [];
  private begin: () => void = () => {};
  private begun = false;
  private pauses = 0;
  private landedAt = 0;

  constructor(private readonly options: LandingOptions) {
    const { warehouse, writer, window, stream, log, published, tracing = noTracing } = options;
    this.claims = new Claims(warehouse, writer, window);
    this.patience = new Patience(log, this.stopping.signal, () => this.observe());
    this.lander = new Lander(warehouse, this.claims, log, this.patience, (written) =>
      this.counts.add(written),
    );
    this.publisher = published && new LandedPublisher(published, log);
    this.watermark = new Watermark(stream);
    this.traces = new LandingTraces(tracing);
    this.started = new Promise((resolve) => {
      this.begin = () => {
        this.begun = true;
        resolve();
      };
    });
    this.reader = this.newReader(options);
    this.done = this.run();
    // Whoever does not look at `done` learns of a failure from the log.
    this.done.catch(() => {});
  }

  /** Ends after the batch that is being landed. */
  async stop(): Promise<void> {
    this.end();
    await this.done;
  }

  /** Every `pause` needs a `resume`; landing goes on after the last one. What has landed by then never comes again. */
  pause(): Promise<Boundary> {
    this.pauses += 1;
    return new Promise((resolve, reject) => {
      this.resting.push({ resolve, reject });
      if (this.stopping.signal.aborted) this.refuseRest();
      else this.work.notify();
    });
  }

  resume(): void {
    this.pauses -= 1;
    this.work.notify();
  }

  /** Of the partitions that this process lands, which may not be all. */
  status(): LandingStatus {
    this.observe();
    const { landedRecords, landedBatches, deadLetters, lastLandedAt } = this.counts;
    return {
      ...this.standing,
      partitions: this.lanes.all.map(partitionStatus),
      landedRecords,
      landedBatches,
      deadLetters,
      ...(lastLandedAt !== undefined && { lastLandedAt }),
    };
  }

  /**
   * The last landed offset of every partition, and the position up to which every event has landed. When others land
   * some of the partitions it knows of its own alone, and the position falls short: `ObservedLanding` knows all.
   */
  landed(): { readonly offsets: Boundary; readonly position: number } {
    return { offsets: this.watermark.offsets, position: this.watermark.position };
  }

  /** True as soon as everything up to a position has landed; false when the time is up before. */
  waitFor(position: number, timeoutMs: number): Promise<boolean> {
    return this.watermark.waitFor(position, timeoutMs);
  }

  /** Of the partitions that this process lands. */
  freshness(): Promise<Freshness> {
    const lanes = this.lanes.all;
    const waiting = lanes.flatMap(({ behindSince }) => behindSince ?? []);
    return this.watermark.freshness(
      waiting.length > 0 ? Math.min(...waiting) : undefined,
      lanes.length > 0 ? new Set(lanes.map(({ partition }) => partition)) : undefined,
    );
  }

  private async run(): Promise<void> {
    const failed = (error: unknown) => {
      if (!(error instanceof Abandoned)) this.failure ??= error;
      this.end();
    };
    const over = this.graceOver();
    await Promise.race([Promise.all([this.reader.read().catch(failed), this.land().catch(failed)]), over]);
    this.watermark.close();
    this.refuseRest();
    await this.publisher?.close();
    if (this.failure === undefined) return;
    this.observe();
    this.options.log.fatal({ err: this.failure }, 'Landing failed');
    throw this.failure;
  }

  /** Landing waits for the warehouse for as long as it takes; whoever stops this process does not. */
  private graceOver(): Promise<void> {
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => setTimeout(resolve, GRACE_MS).unref(), { once: true });
    });
  }

  private end(): void {
    this.stopping.abort();
    this.work.notify();
    this.room.notify();
  }

  private newReader({ stream, log, limits = LIMITS }: LandingOptions): LaneReader {
    const { lander, lanes, work, room } = this;
    const { signal } = this.stopping;
    return new LaneReader(
      { stream, lander, lanes, limits, log, work, room, signal },
      {
        resumed: (partition, next) => {
          this.traces.drop(partition);
          this.advanceTo(partition, next);
        },
        dropped: (partition) => {
          this.watermark.drop(partition);
          this.traces.drop(partition);
          this.publisher?.drop(partition);
        },
        arrived: (batch) => this.traces.arrived(batch),
        known: () => {
          this.observe();
          this.begin();
          this.work.notify();
        },
      },
    );
  }

  private advanceTo(partition: number, next: number): void {
    this.watermark.advance(partition, next);
    this.publisher?.advance(partition, next);
    this.traces.landed(partition, next);
  }

  private async land(): Promise<void> {
    for (;;) {
      const lane = this.lanes.next(this.pauses > 0);
      // Also when it is to stop, a claim is brought to its end.
      if (this.stopping.signal.aborted && lane?.state.is !== 'claimed') break;
      if (lane) await this.landOne(lane);
      else await this.idle();
    }
    await this.lander.flush();
  }

  private async landOne(lane: Lane): Promise<void> {
    const started = performance.now();
    const { behindSince } = lane;
    const before: string = lane.state.is;
    try {
      await this.lander.advance(lane, () => this.lanes.has(lane));
    } catch (error) {
      if (!(error instanceof LandingStopped)) throw error;
      this.reader.setBack(lane, error);
    }
    this.observe();
    this.room.notify();
    if (!this.lanes.has(lane) || !lane.goesOn) return;
    if (lane.state.is === 'held') lane.notBefore = performance.now() + HELD_MS;
    if (lane.state.is !== 'landed') return;
    this.advanceTo(lane.partition, lane.state.next);
    if (before !== 'claimed') return;
    this.reader.goesOn(lane.partition);
    this.landedAt = performance.now();
    this.options.onLanded?.({
      milliseconds: this.landedAt - started,
      recordedAt: behindSince ?? Date.now(),
    });
    this.rounds.landed(lane, started, this.landedAt);
  }

  private async idle(): Promise<void> {
    this.rounds.end(performance.now());
    if (this.resting.length > 0 && this.isAtRest()) {
      // Noted, so that no batch from before can come again, even if this process ends here.
      await this.lander.flush();
      for (const { resolve } of this.resting.splice(0)) resolve(this.watermark.offsets);
    }
    const due = this.lanes.due(this.pauses > 0);
    // What is waiting takes the notes along with its claim.
    const notedAt = due === undefined && this.claims.hasNotes ? this.landedAt + IDLE_MS : undefined;
    if (notedAt !== undefined && performance.now() >= notedAt) return this.lander.flush();
    const next = due ?? notedAt;
    await this.work.sleep(next === undefined ? undefined : Math.max(1, next - performance.now()));
  }

  private isAtRest(): boolean {
    return this.begun && this.lanes.all.every(({ state }) => state.is !== 'claimed');
  }

  /** Notes since when it has stood as it stands. */
  private observe(): void {
    const { failure, patience, pauses } = this;
    const lanes = this.lanes.all;
    const now = standingOf({ failure, trouble: patience.trouble, paused: pauses > 0, lanes });
    const since = now.state === this.standing.state ? this.standing.since : Date.now();
    this.standing = { ...now, since };
  }

  private refuseRest(): void {
    for (const { reject } of this.resting.splice(0)) reject(new Error('Landing has stopped.'));
  }
}
