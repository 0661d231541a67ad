import { setTimeout as delay } from 'node:timers/promises';
import type { EventPlaces, TopicRecords } from '#event-stream/event-places';
import { StreamTruncated } from '#event-stream/kafka/stream-errors';
import { landingLine } from '#event-stream/landing-line';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import type { Logger } from '#platform/logging';
import { Claims, claimToken } from '../landing/claims.js';
import { markAllForRebuild } from '../landing/failing-view.js';
import { paused } from '../landing/holds.js';
import type { Claim, PartitionState } from '../landing/landing-step.js';
import { LandingWriter } from '../landing/landing-writer.js';
import { absentOf } from '../landing/present.js';
import { REPAIR_SIZE } from '../landing/repairs.js';
import { type Batch, batchOf, NOTHING } from '../landing/rows.js';
import { againToken } from '../put-if-absent.js';
import type { Warehouse } from '../warehouse.js';
import { deadLettersOf } from './dead-letters-of.js';
import { lineContent } from './event-checksum.js';
import { NoPlace, withPlaces } from './free-places.js';
import { lastPositionBelow, lettersWithin, placesWithin, recordsWithin } from './missing-events.js';

export interface LostRangesOptions {
  readonly store: EventStore;
  readonly warehouse: Warehouse;
  readonly places: EventPlaces;
  readonly topic: TopicRecords;
  readonly log: Logger;
  /** Told how many events were landed so far. */
  readonly onProgress?: (events: number) => void;
  /** Most events of one claim. */
  readonly size?: number;
  /** How long it waits for whoever pauses landing. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 60_000;
const LOOK_EVERY_MS = 50;

/**
 * Lands from the event store what retention deleted before a projector came to it, under claims: the chain of claims
 * gets no hole, and projectors go on behind it. The events get the first offsets of the range, in their order: none
 * stands beyond its true one. Where nothing is lost, nothing is done.
 * @returns how many events were landed
 */
export const landLostRanges = async (options: LostRangesOptions): Promise<number> => {
  let events = 0;
  for (const partition of (await options.topic.watermarks()).keys())
    for await (const landed of new LostRange(options, partition).land()) {
      events += landed;
      options.onProgress?.(events);
    }
  return events;
};

class LostRange {
  private readonly claims: Claims;
  private readonly writer: LandingWriter;

  constructor(
    private readonly options: LostRangesOptions,
    private readonly partition: number,
  ) {
    this.claims = new Claims(options.warehouse, 'refill');
    this.writer = new LandingWriter(options.warehouse, options.log);
  }

  /** What is claimed is brought to its end by whoever comes next, this one or another: always the same rows. */
  async *land(): AsyncGenerator<number> {
    const { partition, claims } = this;
    const { patienceMs = PATIENCE_MS } = this.options;
    let deadline = Date.now() + patienceMs;
    for (let state = await claims.load(partition); ; ) {
      const low = (await this.options.topic.watermarks()).get(partition)?.low ?? 0;
      if ((state.is === 'claimed' ? state.claim.first : state.next) >= low) return;
      if (state.is === 'held') {
        if (state.expired) await claims.release(partition, state.next, state.turn);
        else if (Date.now() > deadline) throw paused(state.by);
        else await delay(LOOK_EVERY_MS);
        state = await claims.load(partition);
      } else if (state.is === 'landed') {
        const claim = await this.nextClaim(state.next, low);
        if (claim) state = await claims.put(partition, claim, state.turn);
        // Retention went on meanwhile.
        else state = await claims.load(partition);
      } else {
        yield await this.finish(state);
        deadline = Date.now() + patienceMs;
        state = await claims.load(partition);
      }
    }
  }

  /** Undefined when the topic has lost more while it was read. */
  private async nextClaim(first: number, low: number): Promise<Claim | undefined> {
    const { warehouse, size = REPAIR_SIZE } = this.options;
    const end = await this.endBefore(low);
    if (end === undefined) return undefined;
    const after = await lastPositionBelow(warehouse, this.partition, first);
    const events = await this.eventsAfter(after, end, size);
    const last = events.length < size ? low - 1 : first + events.length - 1;
    if (first + events.length > low)
      throw new NoPlace(this.partition, events[low - first]!.position, first - 1, low);
    return { first, last, records: events.length };
  }

  /**
   * The position of the first event at an offset that the topic still has, or behind it: all before it stand before
   * that offset. Undefined when retention went on meanwhile.
   */
  private async endBefore(offset: number): Promise<number | undefined> {
    const { topic } = this.options;
    // In this order: what lies before `offset` is not beyond `written`, and what lies before `high` not beyond `later`.
    const written = await topic.written();
    const high = (await topic.watermarks()).get(this.partition)?.high ?? offset;
    const later = await topic.written();
    try {
      const { signal } = new AbortController();
      for await (const records of topic.read({ partition: this.partition, from: offset, to: high, signal }))
        for (const { line } of records) {
          const position = lineContent(line)?.position;
          if (position !== undefined && position <= later) return position;
        }
      return written + 1;
    } catch (error) {
      if (error instanceof StreamTruncated) return undefined;
      throw error;
    }
  }

  /** Lands a claim whose records the topic no longer has, or not all. */
  private async finish({ claim, old, present }: Extract<PartitionState, { is: 'claimed' }>): Promise<number> {
    const { warehouse, log } = this.options;
    const { partition } = this;
    const token = claimToken(partition, claim);
    log.info({ partition, ...claim }, 'What the topic no longer has is landed from the event store');
    const batch = old && present >= claim.records ? NOTHING : await this.batchFor(claim);
    if (!old) await this.writer.landPatiently(partition, batch, token);
    const left =
      old || warehouse.mayLackRows
        ? await absentOf(warehouse, partition, claim, batch, 'events or dead letters')
        : NOTHING;
    if (old || left.records > 0)
      await markAllForRebuild(
        warehouse,
        `it may have missed offsets ${claim.first} to ${claim.last} of partition ${partition}`,
      );
    if (left.records > 0) await this.writer.landPatiently(partition, left, againToken(token));
    this.claims.noteLanded(partition, claim);
    await this.claims.flush();
    return batch.records;
  }

  /**
   * The events of a claim. It may have counted records that are no events: what comes behind it is not its own. Whose
   * place is known, from the topic or because it has landed, keeps it.
   */
  private async batchFor({ first, last, records }: Claim): Promise<Batch> {
    const { warehouse, topic } = this.options;
    const { partition } = this;
    const within = { above: first - 1, below: last + 1 };
    const letters = new Set(await lettersWithin(warehouse, partition, within));
    const after = await lastPositionBelow(warehouse, partition, first);
    const events = await this.eventsAfter(after, await this.endOf(last), records);
    const known = await recordsWithin(topic, partition, within);
    for (const [position, offset] of await placesWithin(warehouse, partition, within))
      known.set(position, offset);
    const setAside = await deadLettersOf(warehouse, events);
    const wanted = events
      .filter(({ position }) => !setAside.has(position))
      .slice(0, Math.max(0, records - letters.size));
    const rows = withPlaces(
      partition,
      wanted.map(({ position }) => ({ position, offset: known.get(position) })),
      within,
      new Set([...letters, ...known.values()]),
    );
    return batchOf(
      partition,
      rows.map(({ offset }, i) => ({ offset, ...landingLine(wanted[i]!) })),
    );
  }

  /** The position before which every event stands in a claim or before it, or is lost behind it. */
  private async endOf(last: number): Promise<number> {
    for (;;) {
      const low = (await this.options.topic.watermarks()).get(this.partition)?.low ?? 0;
      const end = await this.endBefore(Math.max(low, last + 1));
      if (end !== undefined) return end;
    }
  }

  /** The first events of the partition between two positions, both left out. */
  private async eventsAfter(after: number, end: number, most: number): Promise<RecordedEvent[]> {
    const events: RecordedEvent[] = [];
    if (most === 0 || after + 1 >= end) return events;
    for await (const event of this.options.store.readAll({ after })) {
      if (event.position >= end) break;
      if (this.options.places.partitionOf(event) !== this.partition) continue;
      events.push(event);
      if (events.length === most) break;
    }
    return events;
  }
}
