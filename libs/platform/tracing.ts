import {
  type Attributes,
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
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { version } from './package-root.js';

export interface TracingOptions {
  /** Name of the application, as it stands in the traces. */
  readonly service: string;
  /** Where an OTLP collector answers over HTTP; undefined: no traces are made. */
  readonly endpoint: string | undefined;
  /** Share of the requests that are traced when the caller has not decided it, 0 to 1. */
  readonly ratio: number;
  /** Instead of the collector's. */
  readonly exporter?: SpanExporter;
}

/** A step that is under way. */
export interface Step {
  /** To be passed on: what follows belongs to this step. Undefined when there is no trace. */
  readonly traceparent: string | undefined;
  /** @param failure why it did not do what it should */
  end(failure?: string): void;
}

export interface StepOptions {
  readonly kind?: 'server' | 'producer' | 'consumer' | 'internal';
  /** What it follows from, as it came: with a request, an event, a record. */
  readonly parent?: string;
  /** Milliseconds since 1970; default: now. */
  readonly startedAt?: number;
  readonly attributes?: Attributes;
}

/** How this process takes part in traces that go from the first request to the landed row. */
export interface Tracing {
  /** Begins a step; without an endpoint it only passes on where it came from. */
  begin(name: string, options: StepOptions): Step;
  /** Sends what is left, within a few seconds. */
  close(): Promise<void>;
}

const CLOSE_WITHIN_MS = 2_000;
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const KINDS = {
  server: SpanKind.SERVER,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

export const noTracing: Tracing = {
  begin: (_, { parent }) => ({ traceparent: parent, end: () => {} }),
  close: async () => {},
};

export const startTracing = ({ service, endpoint, ratio, exporter }: TracingOptions): Tracing => {
  if (endpoint === undefined && !exporter) return noTracing;
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

/** Whether somebody looks at the trace: of the others no step need be begun. */
export const isSampled = (traceparent: string | undefined): traceparent is string =>
  traceparent !== undefined && (Number.parseInt(traceparent.slice(-2), 16) & TraceFlags.SAMPLED) === 1;

const laterThan = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
