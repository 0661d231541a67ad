import type { TopicEvent } from '#event-stream/kafka/topic-event';
import { isSampled, type Step, type Tracing } from '#platform/tracing';

export interface TracedEvents {
  /** To be written: what follows from a traced event belongs to its way to the topic. */
  readonly events: readonly TopicEvent[];
  /** @param failure why they were not written */
  end(failure?: string): void;
}

/** The way of each event that somebody looks at, from the event store taking it to the commit; the others cost a glance. */
export const traceEvents = (tracing: Pick<Tracing, 'begin'>, events: readonly TopicEvent[]): TracedEvents => {
  const steps: Step[] = [];
  const traced = events.map((event) => {
    const parent = event.headers.traceparent;
    if (!isSampled(parent)) return event;
    const step = tracing.begin('relay', {
      kind: 'producer',
      parent,
      startedAt: Date.parse(event.recordedAt),
      attributes: { 'messaging.system': 'kafka', 'perennial.position': event.position },
    });
    steps.push(step);
    return { ...event, headers: { ...event.headers, traceparent: step.traceparent ?? parent } };
  });
  return {
    events: steps.length > 0 ? traced : events,
    end: (failure) => {
      for (const step of steps) step.end(failure);
    },
  };
};
