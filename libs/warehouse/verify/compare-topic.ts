import type { EventPlaces, TopicRecords } from '#event-stream/event-places';
import type { RecordedEvent } from '#eventing/event';
import type { Warehouse } from '../warehouse.js';
import type { Positions } from './compare-events.js';
import { areDeadLetters } from './dead-letters-of.js';
import { eventChecksum } from './event-checksum.js';
import type { DifferenceKind, Finding, Findings } from './findings.js';
import { type Entry, TopicCursor } from './topic-cursor.js';

/** What the topic has of some positions. */
export interface TopicPart {
  readonly entries: readonly Entry[];
  /** Positions of events that retention has deleted. */
  readonly gone: ReadonlySet<number>;
  /** Where events stand that are there once. */
  readonly offsets: ReadonlyMap<number, number>;
}

/** Compares the records of a topic with the event store, all partitions in step, each read once. */
export class TopicComparison {
  /** Records that are no event and were set aside as dead letters: whoever wrote them, nothing is amiss with events. */
  foreign = 0;
  /** Per partition, the largest position that was passed. */
  private readonly passed = new Map<number, number>();

  private constructor(
    private readonly warehouse: Warehouse,
    private readonly places: EventPlaces,
    private readonly cursors: ReadonlyMap<number, TopicCursor>,
    private readonly findings: Findings,
  ) {}

  static async begin(
    warehouse: Warehouse,
    places: EventPlaces,
    topic: TopicRecords,
    findings: Findings,
  ): Promise<TopicComparison> {
    const watermarks = await topic.watermarks();
    // Asked afterwards: no record before these ends is of a later event.
    const written = await topic.written();
    const cursors = new Map(
      [...watermarks].map(([partition, span]) => [
        partition,
        new TopicCursor(topic, partition, span, written),
      ]),
    );
    return new TopicComparison(warehouse, places, cursors, findings);
  }

  async compare(span: Positions, events: readonly RecordedEvent[]): Promise<TopicPart> {
    const parts = await Promise.all([...this.cursors.values()].map((cursor) => cursor.through(span.through)));
    const entries = parts.flat();
    const byPosition = new Map<number, Entry[]>();
    for (const entry of entries) {
      const same = byPosition.get(positionOf(entry));
      if (same) same.push(entry);
      else byPosition.set(positionOf(entry), [entry]);
    }
    const late = this.late(entries);
    const gone = new Set<number>();
    const offsets = new Map<number, number>();
    const found: Finding[] = [];
    for (const event of events) {
      const { position } = event;
      const partition = this.places.partitionOf(event);
      const there = byPosition.get(position) ?? [];
      byPosition.delete(position);
      if (there.length === 1 && there[0]!.partition === partition) offsets.set(position, there[0]!.offset);
      if (there.length === 0 && position < (this.cursors.get(partition)?.beginsAt ?? 0)) gone.add(position);
      else found.push({ position, partition, kind: amiss(event, partition, there, late) });
    }
    const others = [...byPosition.values()].flat();
    const setAside = await areDeadLetters(
      this.warehouse,
      others.filter(({ content }) => content === undefined),
    );
    this.foreign += setAside.size;
    for (const other of others)
      if (!setAside.has(other))
        found.push({
          position: positionOf(other),
          partition: other.partition,
          kind: this.kindOfOther(other, span),
        });
    for (const finding of found.sort((a, b) => a.position - b.position)) this.findings.add(finding);
    return { entries, gone, offsets };
  }

  close(): void {
    for (const cursor of this.cursors.values()) cursor.close();
  }

  /** Those that stand behind a later event of their partition. */
  private late(entries: readonly Entry[]): ReadonlySet<Entry> {
    const late = new Set<Entry>();
    for (const entry of entries) {
      const passed = this.passed.get(entry.partition) ?? -1;
      if (entry.content === undefined) continue;
      if (entry.content.position < passed) late.add(entry);
      else this.passed.set(entry.partition, entry.content.position);
    }
    return late;
  }

  /** Of an event that has been looked at before, or of none. */
  private kindOfOther({ content }: Entry, { after }: Positions): DifferenceKind {
    if (content === undefined || content.position > after) return 'extra';
    const { position } = content;
    const wasMissing = this.findings.named.some(
      ({ kind, first, last }) => kind === 'missing' && first <= position && position <= last,
    );
    return wasMissing ? 'out of order' : 'doubled';
  }
}

/** What is no event has none. */
const positionOf = ({ content }: Entry): number => content?.position ?? -1;

const amiss = (
  event: RecordedEvent,
  partition: number,
  [entry, ...others]: readonly Entry[],
  late: ReadonlySet<Entry>,
): DifferenceKind | undefined => {
  if (!entry) return 'missing';
  if (others.length > 0) return 'doubled';
  if (entry.partition !== partition) return 'misplaced';
  if (entry.content?.checksum !== eventChecksum(event)) return 'altered';
  return late.has(entry) ? 'out of order' : undefined;
};
