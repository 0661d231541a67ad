import type { EventPlaces } from '#event-stream/event-places';
import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { type LaidAside, partsLaidAside } from '../broken-parts.js';
import { caughtUp } from '../replicas.js';
import type { Warehouse } from '../warehouse.js';
import { compareEvents, type Highest, type OffsetOf } from './compare-events.js';
import { TopicComparison, type TopicPart } from './compare-topic.js';
import { type DayCount, DayCounts } from './day-counts.js';
import { type Difference, Findings } from './findings.js';

export interface Verification {
  readonly agrees: boolean;
  /** What lies beyond this position was left out. */
  readonly upTo: number;
  /** In the event store, in the topic (null where there is none), and in the warehouse. */
  readonly events: number;
  readonly topic: number | null;
  /** Events that the topic no longer has, because retention deleted them: no difference. */
  readonly goneFromTopic: number | null;
  readonly landed: number;
  /** Records of the topic that are no event, and are among the dead letters: no difference. */
  readonly foreign: number;
  readonly days: readonly DayCount[];
  /** In the order of positions, at most 1,000 ranges of each copy. */
  readonly differences: readonly Difference[];
  /** Events with something amiss, also those that are not named. */
  readonly differing: number;
  /** Parts of tables that the engine found broken: no difference by themselves, others may stand in for them. */
  readonly laidAside: readonly LaidAside[];
}

export interface VerifyOptions {
  readonly places: EventPlaces;
  /** The position up to which everything has landed. */
  readonly upTo: number;
  readonly onProgress?: (events: number) => void;
}

/** Events compared in one go: so many, or so many characters. */
const CHUNK = 10_000;
const CHUNK_CHARACTERS = 32 * 1024 * 1024;

/**
 * Compares the event store with the topic and with the warehouse, reading each once: by counts and checksums, and
 * where they differ event by event. Nothing is changed.
 */
export const verify = async (
  store: EventStore,
  warehouse: Warehouse,
  { places, upTo, onProgress }: VerifyOptions,
): Promise<Verification> => {
  await caughtUp(warehouse, 'crm.events', 'crm.dead_letters');
  const days = new DayCounts(warehouse, places);
  const landed = new Findings('warehouse');
  const recorded = new Findings('topic');
  const topic = places.topic && (await TopicComparison.begin(warehouse, places, places.topic, recorded));
  const highest: Highest = new Map();
  let events = 0;
  try {
    for await (const { chunk, ...span } of chunks(store, upTo)) {
      const part = await topic?.compare(span, chunk);
      const offsetOf = offsetsIn(places, part);
      if (await days.add(span, chunk, offsetOf, part)) {
        landed.allWell();
        for (const event of chunk) highest.set(places.partitionOf(event), offsetOf(event) ?? -1);
      } else
        for (const finding of await compareEvents(warehouse, places, offsetOf, span, chunk, highest))
          landed.add(finding);
      events += chunk.length;
      onProgress?.(events);
    }
  } finally {
    topic?.close();
  }
  const counts = days.list();
  const sum = (field: 'topic' | 'goneFromTopic' | 'landed') =>
    counts.reduce((total, count) => total + (count[field] ?? 0), 0);
  const differing = landed.differing + recorded.differing;
  return {
    agrees: differing === 0,
    upTo,
    events,
    topic: topic ? sum('topic') : null,
    goneFromTopic: topic ? sum('goneFromTopic') : null,
    landed: sum('landed'),
    foreign: topic?.foreign ?? 0,
    days: counts,
    differences: [...landed.named, ...recorded.named].sort((a, b) => a.first - b.first),
    differing,
    laidAside: await partsLaidAside(warehouse),
  };
};

/** What the topic has tells where a row must stand; of what it no longer has nobody knows. */
const offsetsIn =
  (places: EventPlaces, part: TopicPart | undefined): OffsetOf =>
  (event) =>
    part ? part.offsets.get(event.position) : places.offsetOf(event);

/** All events, cut so that the chunks leave out no position: what a copy alone has in between is seen, too. */
async function* chunks(store: EventStore, upTo: number) {
  let after = -1;
  let characters = 0;
  let chunk: RecordedEvent[] = [];
  for await (const event of store.readAll()) {
    if (event.position > upTo) break;
    chunk.push(event);
    characters += event.dataJson?.length ?? 0;
    if (chunk.length < CHUNK && characters < CHUNK_CHARACTERS) continue;
    yield { chunk, after, through: event.position };
    after = event.position;
    chunk = [];
    characters = 0;
  }
  yield { chunk, after, through: upTo };
}
