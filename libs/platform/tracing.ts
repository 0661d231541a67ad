import type { SpanExporter } from '@opentelemetry/sdk-trace-base';

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
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/** How this process takes part in traces that go from the first request to the landed row. */
export interface Tracing {
  /** Begins a step; without an endpoint it only passes on where it came from. */
  begin(name: string, options: StepOptions): Step;
  /** Sends what is left, within a few seconds. */
  close(): Promise<void>;
}

/** In the last two digits of a traceparent. */
const SAMPLED = 1;

export const noTracing: Tracing = {
  begin: (_, { parent }) => ({ traceparent: parent, end: () => {} }),
  close: async () => {},
};

export const startTracing = async (options: TracingOptions): Promise<Tracing> => {
  if (options.endpoint === undefined && !options.exporter) return noTracing;
  const { openTelemetry } = await import('./open-telemetry.js');
  return openTelemetry(options);
};

/** Whether somebody looks at the trace: of the others no step need be begun. */
export const isSampled = (traceparent: string | undefined): traceparent is string =>
  traceparent !== undefined && (Number.parseInt(traceparent.slice(-2), 16) & SAMPLED) === 1;
