import type { EventStream, LandedOffsets, StreamBatch } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';
import type { Boundary } from '../boundary.js';
import type { Warehouse } from '../warehouse.js';
import { Claims } from './claims.js';
import { Lander } from './lander.js';
import type { LandingProgress } from './landing-progress.js';
import { Lane, type LaneLimits } from './lane.js';
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
  readonly limits?: LaneLimits;
  /** How many inserts the engine remembers. */
  readonly window?: number;
}

const LIMITS: LaneLimits = { records: 20_000, bytes: 16 * 1024 * 1024 };
/** The longest pause between two batches that gives the next one time to grow. */
const MOST_LINGER_MS = 200;
/** How many times as long as the last batch took: landing is to have a quarter of its core, commands the rest. */
const LINGER_SHARE = 3;
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
  private readonly lanes = new Map<number, Lane>();
  private readonly claims: Claims;
  private readonly lander: Lander;
  private readonly stopping = new AbortController();
  private readonly work = new WakeUp();
  private readonly room = new WakeUp();
  private readonly resting: { resolve(boundary: Boundary): void; reject(error: unknown): void }[] = [];
  private begin: () => void = () => {};
  private pauses = 0;
  private landedAt = 0;

  constructor(private readonly options: LandingOptions) {
    const { warehouse, writer, window, stream, log } = options;
    this.claims = new Claims(warehouse, writer, window);
    this.lander = new Lander(warehouse, this.claims, log, this.stopping.signal);
    this.watermark = new Watermark(stream);
    this.started = new Promise((resolve) => {
      this.begin = resolve;
    });
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

  /** The last landed offset of every partition, and the position up to which every event has landed. */
  landed(): { readonly offsets: Boundary; readonly position: number } {
    return { offsets: this.watermark.offsets, position: this.watermark.position };
  }

  /** True as soon as everything up to a position has landed; false when the time is up before. */
  waitFor(position: number, timeoutMs: number): Promise<boolean> {
    return this.watermark.waitFor(position, timeoutMs);
  }

  freshness(): Promise<Freshness> {
    const waiting = [...this.lanes.values()].flatMap(({ behindSince }) => behindSince ?? []);
    return this.watermark.freshness(waiting.length > 0 ? Math.min(...waiting) : undefined);
  }

  private async run(): Promise<void> {
    const failures: unknown[] = [];
    const failed = (error: unknown) => {
      failures.push(error);
      this.end();
    };
    await Promise.all([this.read().catch(failed), this.land().catch(failed)]);
    this.watermark.close();
    this.refuseRest();
    if (failures.length === 0) return;
    this.options.log.fatal({ err: failures[0] }, 'Landing failed');
    throw failures[0];
  }

  private end(): void {
    this.stopping.abort();
    this.work.notify();
    this.room.notify();
  }

  private async read(): Promise<void> {
    const { signal } = this.stopping;
    const batches = this.options.stream.consume({
      signal,
      resumeAt: (partition, generation) => this.resumeAt(partition, generation),
    });
    for await (const batch of batches) {
      const lane = this.laneOf(batch);
      lane?.add(batch);
      this.work.notify();
      while (lane?.overfull && !signal.aborted) await this.room.sleep();
    }
  }

  private async resumeAt(partition: number, generation: number): Promise<number> {
    const low = (await this.options.stream.watermarks()).get(partition)?.low ?? 0;
    const { state, from } = await this.lander.resume(partition, low);
    this.lanes.set(partition, new Lane(partition, generation, state, from, this.options.limits ?? LIMITS));
    this.watermark.advance(partition, from);
    this.begin();
    this.work.notify();
    return from;
  }

  /** None for a batch whose partition has been taken away since, even if it was given back. */
  private laneOf({ partition, generation }: StreamBatch): Lane | undefined {
    const lane = this.lanes.get(partition);
    return lane?.generation === generation ? lane : undefined;
  }

  private async land(): Promise<void> {
    for (;;) {
      const lane = this.nextLane();
      // Also when it is to stop, a claim is brought to its end.
      if (this.stopping.signal.aborted && lane?.state.is !== 'claimed') break;
      if (lane) await this.landOne(lane);
      else await this.idle();
    }
    await this.lander.flush();
  }

  /** A claim is brought to its end before anything else; otherwise who waits longest comes first. */
  private nextLane(): Lane | undefined {
    const ready = [...this.lanes.values()].filter((lane) => this.isReady(lane));
    const open = ready.find(({ state }) => state.is === 'claimed');
    return open ?? ready.sort((a, b) => (a.behindSince ?? 0) - (b.behindSince ?? 0))[0];
  }

  private isReady(lane: Lane): boolean {
    if (lane.read === undefined || lane.incomplete) return false;
    if (lane.state.is === 'claimed') return true;
    return (
      this.pauses === 0 && ((lane.full && lane.state.is === 'landed') || performance.now() >= lane.notBefore)
    );
  }

  private async landOne(lane: Lane): Promise<void> {
    const started = performance.now();
    const before: string = lane.state.is;
    await this.lander.advance(lane);
    this.room.notify();
    if (lane.state.is === 'held') lane.notBefore = performance.now() + HELD_MS;
    if (lane.state.is !== 'landed') return;
    this.watermark.advance(lane.partition, lane.state.next);
    if (before !== 'claimed') return;
    // Not waited for: who watches must not hold up who lands.
    this.options.published?.publish(new Map([[lane.partition, lane.state.next]])).catch(() => {});
    this.landedAt = performance.now();
    // Small inserts cost as much as large ones: the dearer they are, the longer they may gather.
    lane.notBefore = this.landedAt + Math.min(MOST_LINGER_MS, LINGER_SHARE * (this.landedAt - started));
  }

  private async idle(): Promise<void> {
    if (this.resting.length > 0 && this.isAtRest()) {
      // Noted, so that no batch from before can come again, even if this process ends here.
      await this.lander.flush();
      for (const { resolve } of this.resting.splice(0)) resolve(this.watermark.offsets);
    }
    if (performance.now() >= this.landedAt + IDLE_MS) await this.lander.flush();
    const due = [...this.lanes.values()]
      .filter((lane) => lane.read && !lane.incomplete && this.pauses === 0)
      .map(({ notBefore }) => notBefore);
    if (this.claims.hasNotes) due.push(this.landedAt + IDLE_MS);
    await this.work.sleep(due.length > 0 ? Math.max(1, Math.min(...due) - performance.now()) : undefined);
  }

  private isAtRest(): boolean {
    const lanes = [...this.lanes.values()];
    return lanes.length > 0 && lanes.every(({ state }) => state.is !== 'claimed');
  }

  private refuseRest(): void {
    for (const { reject } of this.resting.splice(0)) reject(new Error('Landing has stopped.'));
  }
}
