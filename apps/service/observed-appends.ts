import type { NewEvent } from '#eventing/event';
import type { EventStore } from '#eventing/event-store';
import { isSampled, type Step, type Tracing } from '#platform/tracing';
import type { Metrics } from './metrics.js';

/** An event store whose appends are measured, and traced where somebody looks at the trace. */
export const observeAppends = (
  store: EventStore,
  metrics: Metrics,
  tracing: Pick<Tracing, 'begin'>,
): EventStore => {
  const seconds = metrics.duration(
    'append_duration_seconds',
    'From an append to its answer by the event store',
    ['outcome'],
  );
  const append: EventStore['append'] = async (stream, events, options) => {
    const measure = seconds.startTimer();
    const step = beginStep(tracing, events);
    try {
      const result = await store.append(stream, step ? withTraceparent(events, step) : events, options);
      measure({ outcome: 'appended' });
      step?.end();
      return result;
    } catch (error) {
      const outcome = (error as { code?: string }).code ?? 'failed';
      measure({ outcome });
      step?.end(outcome);
      throw error;
    }
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'append') return append;
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
};

const beginStep = (tracing: Pick<Tracing, 'begin'>, events: readonly NewEvent[]): Step | undefined => {
  const parent = events[0]?.metadata.traceparent;
  if (!isSampled(parent)) return undefined;
  return tracing.begin('append', { parent, attributes: { 'perennial.events': events.length } });
};

/** What becomes of the events follows from the append that brought them. An append that is repeated is known by its ids. */
const withTraceparent = (events: readonly NewEvent[], { traceparent }: Step): readonly NewEvent[] =>
  events.map((event) => ({ ...event, metadata: { ...event.metadata, traceparent } }));
