import type { RecordedEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { isSampled } from '#platform/tracing';
import type { EventPlaces } from '../event-places.js';
import type { ConsumeOptions, EventStream, StreamBatch, StreamRecord, Watermarks } from '../event-stream.js';
import { landingLine } from '../landing-line.js';

const PARTITION = 0;
const GENERATION = 1;
const DEFAULT_BATCH_SIZE = 1000;

export const inProcessPlaces: EventPlaces = {
  partitionOf: () => PARTITION,
  offsetOf: ({ position }) => position,
};

/** The event store itself as a stream: one partition, whose offsets are the positions. */
export class InProcessStream implements EventStream {
  constructor(
    private readonly store: EventStore,
    private readonly batchSize = DEFAULT_BATCH_SIZE,
  ) {}

  async watermarks(): Promise<ReadonlyMap<number, Watermarks>> {
    return new Map([[PARTITION, { low: 0, high: (await this.store.head()) + 1 }]]);
  }

  async *consume({ signal, resumeAt }: ConsumeOptions): AsyncIterable<StreamBatch> {
    let first = await resumeAt(PARTITION, GENERATION);
    if (first === undefined) return;
    const batches = this.store.subscribeToAll({ after: first - 1, signal, batchSize: this.batchSize });
    for await (const events of batches) {
      const last = events.at(-1)?.position;
      if (last === undefined) continue;
      yield {
        partition: PARTITION,
        generation: GENERATION,
        first,
        last,
        records: events.map(record),
        recordedAt: Date.parse(events[0]!.recordedAt),
      };
      first = last + 1;
    }
  }

  positionBelow(offsets: ReadonlyMap<number, number>): number {
    return (offsets.get(PARTITION) ?? 0) - 1;
  }
}

const record = (event: RecordedEvent): StreamRecord => {
  const { line, checked } = landingLine(event);
  const { traceparent } = event.metadata;
  return {
    offset: event.position,
    line,
    checked,
    ...(isSampled(traceparent) && { headers: { traceparent } }),
  };
};
