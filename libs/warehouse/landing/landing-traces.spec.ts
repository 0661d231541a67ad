import { describe, expect, it } from '@jest/globals';
import type { StreamBatch } from '#event-stream/event-stream';
import type { StepOptions } from '#platform/tracing';
import { LandingTraces } from './landing-traces.js';

const SAMPLED = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const batch = (partition: number, traceparents: readonly (string | undefined)[], first = 0): StreamBatch => ({
  partition,
  generation: 1,
  first,
  last: first + traceparents.length - 1,
  recordedAt: 0,
  records: traceparents.map((traceparent, i) => ({
    offset: first + i,
    line: '{}',
    checked: true,
    ...(traceparent && { headers: { traceparent } }),
  })),
});

const recorder = () => {
  const landed: unknown[] = [];
  const begin = (name: string, { parent, attributes }: StepOptions) => ({
    traceparent: parent,
    end: () => void landed.push([name, attributes!['perennial.partition'], attributes!['perennial.offset']]),
  });
  return { begin, landed };
};

describe('the traces of landing', () => {
  it('end when their record has landed, once', () => {
    const tracing = recorder();
    const traces = new LandingTraces(tracing);
    traces.arrived(batch(3, [SAMPLED, undefined, SAMPLED.replace(/1$/, '0'), SAMPLED]));
    traces.landed(3, 0);
    expect(tracing.landed).toEqual([]);
    traces.landed(3, 3);
    expect(tracing.landed).toEqual([['land', 3, 0]]);
    traces.landed(2, 9);
    traces.landed(3, 4);
    traces.landed(3, 4);
    expect(tracing.landed).toEqual([
      ['land', 3, 0],
      ['land', 3, 3],
    ]);
  });

  it('forget what somebody else lands, and follow no more than some', () => {
    const tracing = recorder();
    const traces = new LandingTraces(tracing);
    traces.arrived(batch(0, [SAMPLED]));
    traces.drop(0);
    traces.landed(0, 1);
    expect(tracing.landed).toEqual([]);
    traces.arrived(batch(0, Array(5_000).fill(SAMPLED)));
    traces.landed(0, 5_000);
    expect(tracing.landed).toHaveLength(1_000);
  });
});
