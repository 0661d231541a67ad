import { describe, expect, it } from '@jest/globals';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base';
import { isSampled, noTracing, startTracing } from '#platform/tracing';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const FROM_CALLER = `00-${TRACE}-00f067aa0ba902b7-01`;

const tracingOf = async (ratio: number) => {
  const sent: ReadableSpan[] = [];
  const exporter: SpanExporter = {
    export: (spans, done) => {
      sent.push(...spans);
      done({ code: 0 });
    },
    shutdown: async () => {},
  };
  return { sent, tracing: await startTracing({ service: 'test', endpoint: undefined, ratio, exporter }) };
};

describe('tracing', () => {
  it('goes on with the trace of the caller, step after step', async () => {
    const { sent, tracing } = await tracingOf(0);
    const first = tracing.begin('command', { kind: 'server', parent: FROM_CALLER });
    const second = tracing.begin('relay', { parent: first.traceparent, startedAt: 1_700_000_000_000 });
    second.end('the broker was away');
    first.end();
    await tracing.close();
    expect(first.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    const [relayed, commanded] = sent as [ReadableSpan, ReadableSpan];
    expect(commanded).toMatchObject({ name: 'command', parentSpanContext: { spanId: '00f067aa0ba902b7' } });
    expect(relayed).toMatchObject({
      name: 'relay',
      startTime: [1_700_000_000, 0],
      status: { message: 'the broker was away' },
      parentSpanContext: { spanId: commanded.spanContext().spanId },
    });
  });

  it('leaves out what the caller does not want traced, and most of what nobody has decided', async () => {
    const { tracing } = await tracingOf(0);
    expect(isSampled(tracing.begin('command', {}).traceparent)).toBe(false);
    expect(isSampled(tracing.begin('command', { parent: FROM_CALLER.replace(/1$/, '0') }).traceparent)).toBe(
      false,
    );
    expect(isSampled((await tracingOf(1)).tracing.begin('command', {}).traceparent)).toBe(true);
  });

  it('only passes on what came when there is nowhere to send traces', () => {
    expect(noTracing.begin('command', { parent: FROM_CALLER }).traceparent).toBe(FROM_CALLER);
    expect(noTracing.begin('command', {}).traceparent).toBeUndefined();
  });
});
