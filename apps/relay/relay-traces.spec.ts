import { describe, expect, it } from '@jest/globals';
import type { TopicEvent } from '#event-stream/kafka/topic-event';
import type { StepOptions } from '#platform/tracing';
import { traceEvents } from './relay-traces.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const event = (position: number, traceparent?: string): TopicEvent => ({
  position,
  partition: 0,
  key: 'customer-1',
  value: '{}',
  headers: { type: 'PurchaseRecorded', ...(traceparent && { traceparent }) },
  recordedAt: '2025-05-01T10:00:00.000Z',
  bytes: 2,
});

const recorder = () => {
  const begun: StepOptions[] = [];
  const ended: (string | undefined)[] = [];
  const begin = (_: string, options: StepOptions) => {
    begun.push(options);
    return {
      traceparent: `00-${TRACE}-000000000000000${begun.length}-01`,
      end: (failure?: string) => void ended.push(failure),
    };
  };
  return { begin, begun, ended };
};

describe('the traces of a relay', () => {
  it('begin when the event store took the event, and go on in the header of its record', () => {
    const tracing = recorder();
    const parent = `00-${TRACE}-00f067aa0ba902b7-01`;
    const plain = event(1);
    const traced = traceEvents(tracing, [plain, event(2, parent)]);
    expect(tracing.begun).toMatchObject([{ parent, startedAt: Date.UTC(2025, 4, 1, 10) }]);
    expect(traced.events[0]).toBe(plain);
    expect(traced.events[1]!.headers).toEqual({
      type: 'PurchaseRecorded',
      traceparent: `00-${TRACE}-0000000000000001-01`,
    });
    expect(tracing.ended).toEqual([]);
    traced.end('the broker was away');
    expect(tracing.ended).toEqual(['the broker was away']);
  });

  it('leave events alone whose trace nobody keeps', () => {
    const tracing = recorder();
    const events = [event(1), event(2, `00-${TRACE}-00f067aa0ba902b7-00`)];
    expect(traceEvents(tracing, events).events).toBe(events);
    expect(tracing.begun).toEqual([]);
  });
});
