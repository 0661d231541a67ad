import {
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { version } from './package-root.js';
import type { Tracing, TracingOptions } from './tracing.js';

const CLOSE_WITHIN_MS = 2_000;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const KINDS = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

/** Traces by OpenTelemetry, sent to a collector. A module of its own: it takes a third of a second to load. */
export const openTelemetry = ({ service, endpoint, ratio, exporter }: TracingOptions): Tracing => {
  const processor: SpanProcessor = new BatchSpanProcessor(
    exporter ?? new OTLPTraceExporter({ url: `${endpoint?.replace(/\/$/, '')}/v1/traces` }),
  );
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({
      'service.name': `perennial-${service}`,
      'service.version': version(),
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [processor],
  });
  const tracer = provider.getTracer('perennial');
  return {
    begin: (name, { kind = 'internal', parent, startedAt, attributes }) => {
      const span = tracer.startSpan(
        name,
        { kind: KINDS[kind], attributes, ...(startedAt !== undefined && { startTime: startedAt }) },
        contextOf(parent),
      );
      return { traceparent: traceparentOf(span), end: (failure) => end(span, failure) };
    },
    close: () => Promise.race([provider.shutdown(), laterThan(CLOSE_WITHIN_MS)]).catch(() => {}),
  };
};

const end = (span: Span, failure: string | undefined): void => {
  if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
  span.end();
};

/** Explicitly, and not by what is current: a step ends in another process. */
const contextOf = (traceparent: string | undefined): Context => {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent ?? '') ?? [];
  if (!traceId || !spanId || !flags) return ROOT_CONTEXT;
  const context: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(context) ? trace.setSpanContext(ROOT_CONTEXT, context) : ROOT_CONTEXT;
};

const traceparentOf = (span: Span): string => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
};

const laterThan = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
