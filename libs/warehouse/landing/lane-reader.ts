import type { EventStream, StreamBatch } from '#event-stream/event-stream';
import type { Logger } from '#platform/logging';
import type { Lander } from './lander.js';
import { LandingStopped } from './landing-stopped.js';
import { Lane, type LaneLimits } from './lane.js';
import type { Lanes } from './lanes.js';
import type { WakeUp } from './wake-up.js';

export interface LaneReaderOptions {
  readonly stream: EventStream;
  readonly lander: Lander;
  readonly lanes: Lanes;
  readonly limits: LaneLimits;
  readonly log: Logger;
  /** Wakes up who lands. */
  readonly work: WakeUp;
  /** Wakes up who reads. */
  readonly room: WakeUp;
  readonly signal: AbortSignal;
}

/** What else has to know of it. */
export interface LaneEvents {
  /** A partition is landed on from an offset: everything before it has landed. */
  resumed(partition: number, next: number): void;
  /** A partition was taken away. */
  dropped(partition: number): void;
  arrived(batch: StreamBatch): void;
  /** It knows how a partition stands. */
  known(): void;
}

/** Reads a stream into lanes, and stops the lanes that must not go on, alone. */
export class LaneReader {
  /** Why a partition was stopped last, until it lands again: said once. */
  private readonly toldStops = new Map<number, string>();

  constructor(
    private readonly options: LaneReaderOptions,
    private readonly events: LaneEvents,
  ) {}

  async read(): Promise<void> {
    const { stream, lanes, signal, work, room } = this.options;
    const batches = stream.consume({
      signal,
      resumeAt: (partition, generation) => this.resumeAt(partition, generation),
      assigned: (partitions) => this.assigned(partitions),
      unreadable: (partition, generation, reason) => this.unreadable(partition, generation, reason),
    });
    for await (const arrived of batches) {
      const batch = await this.admitted(arrived);
      const lane = lanes.of(arrived);
      if (!batch || !lane) continue;
      lane.add(batch);
      this.events.arrived(batch);
      work.notify();
      while (lane.overfull && lanes.has(lane) && !signal.aborted) await room.sleep();
    }
  }

  /** It is asked again now and then where it goes on: what stops it may be repaired meanwhile. */
  setBack(lane: Lane, reason: LandingStopped): void {
    const { stream, lanes } = this.options;
    if (!stream.setBack) throw reason;
    if (!lanes.has(lane)) return;
    this.stop(lane, reason);
    stream.setBack(lane.partition, lane.generation);
  }

  goesOn(partition: number): void {
    this.toldStops.delete(partition);
  }

  /** What of a batch is to be landed. */
  private async admitted(arrived: StreamBatch): Promise<StreamBatch | undefined> {
    const lane = this.options.lanes.of(arrived);
    if (!lane) return undefined;
    const { stopped } = lane;
    try {
      return await lane.admit(arrived);
    } catch (error) {
      if (!(error instanceof LandingStopped)) throw error;
      this.setBack(lane, error);
      return undefined;
    } finally {
      if (stopped !== lane.stopped) this.events.known();
    }
  }

  /** None when events would be lost: the other partitions are landed, and the lane says why this one is not. */
  private async resumeAt(partition: number, generation: number): Promise<number | undefined> {
    const { stream, limits, lander, lanes } = this.options;
    const watermarks = async () => (await stream.watermarks()).get(partition) ?? { low: 0, high: 0 };
    const before = lanes.get(partition)?.stopped;
    try {
      const { state, from, continuity } = await lander.resume(partition, watermarks, !before);
      const lane = new Lane(partition, generation, state, from, limits, continuity);
      lane.doubt(before);
      lanes.put(lane);
      this.events.resumed(partition, from);
      return continuity.from;
    } catch (error) {
      if (!(error instanceof LandingStopped) || !stream.setBack) throw error;
      const { low } = await watermarks();
      const lane = new Lane(partition, generation, { is: 'landed', next: low, turn: 0 }, low, limits);
      lanes.put(lane);
      this.stop(lane, error);
      return undefined;
    } finally {
      this.events.known();
    }
  }

  private unreadable(partition: number, generation: number, reason: string): void {
    const lane = this.options.lanes.of({ partition, generation });
    if (lane) this.stop(lane, new LandingStopped(partition, reason));
    this.events.known();
  }

  private stop(lane: Lane, reason: LandingStopped): void {
    const { partition } = lane;
    lane.stop(reason);
    if (this.toldStops.get(partition) !== reason.message)
      this.options.log.error({ err: reason, partition }, 'A partition is landed no further');
    this.toldStops.set(partition, reason.message);
  }

  /** A claim that is open in a partition that was taken away is its successor's, who lands it under the same token. */
  private assigned(partitions: readonly number[]): void {
    const { lanes, signal, work, room } = this.options;
    if (signal.aborted) return; // what is open is brought to its end
    for (const { partition } of lanes.all.filter((lane) => !partitions.includes(lane.partition))) {
      lanes.delete(partition);
      this.events.dropped(partition);
    }
    work.notify();
    room.notify();
  }
}
