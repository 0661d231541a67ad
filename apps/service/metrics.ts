import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { version } from '#platform/package-root';

/** One value, or one for each combination of labels. */
type Reading = number | Labelled;
type Labelled = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[];

/** As Prometheus reads it. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What a process tells Prometheus of itself. Names begin with perennial_; nothing here says who a customer is. */
export class Metrics {
  private readonly registry = new Registry();

  /** @param application under which name it is told apart */
  constructor(application: string) {
    collectDefaultMetrics({ register: this.registry });
    this.gauge('build_info', 'Which version of which application runs', ['application', 'version'], () => [
      [{ application, version: version() }, 1],
    ]);
  }

  /** Everything as it is now. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** A value that goes up and down, read whenever it is asked for; when it cannot be read it is left out. */
  gauge(
    name: string,
    help: string,
    labelNames: readonly string[],
    read: () => Reading | Promise<Reading>,
  ): void {
    new Gauge({
      ...this.named(name, help, labelNames),
      async collect() {
        // What cannot be asked is missing, not zero: alerts know the difference.
        const values = await Promise.resolve()
          .then(read)
          .catch(() => []);
        this.reset();
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of readings(values)) this.set(labels, value);
      },
    });
  }

  /** A total that somebody counts elsewhere. */
  total(name: string, help: string, labelNames: readonly string[], read: () => Reading): void {
    new Counter({
      ...this.named(name, help, labelNames),
      collect() {
        this.reset();
        for (const [labels, value] of readings(read())) this.inc(labels, value);
      },
    });
  }

  /** A total that is counted here. */
  counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter(this.named(name, help, labelNames));
  }

  /** How long something takes, in seconds. */
  duration(name: string, help: string, labelNames: readonly string[] = []): Histogram {
    return new Histogram({
      ...this.named(name, help, labelNames),
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    });
  }

  private named(name: string, help: string, labelNames: readonly string[]) {
    return { name: `perennial_${name}`, help, labelNames: [...labelNames], registers: [this.registry] };
  }
}

const readings = (reading: Reading) => (typeof reading === 'number' ? [[{}, reading] as const] : reading);

/** 1 for the state that something is in, 0 for the others: what Prometheus calls a state set. */
export const stateSet = (states: readonly string[], current: string): Labelled =>
  states.map((state) => [{ state }, state === current ? 1 : 0] as const);
