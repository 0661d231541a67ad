import type { ProjectionStatus } from '#warehouse/projection-status';

/** What came of something that was asked of analytics. */
export interface Answer {
  /** Whether it was done to its end. */
  readonly done: boolean;
  readonly result: Readonly<Record<string, unknown>>;
  /** In a few words. */
  readonly said: string;
}

interface Freshness {
  readonly position: number;
  readonly lagEvents: number;
}

const LOOK_MS = 5_000;
const ASK_MS = 30_000;

/** Asks the applications of a set what an operator asks them, over HTTP. */
export class Administration {
  constructor(private readonly urlOf: (application: string) => string) {}

  async freshness(): Promise<Freshness> {
    return (await this.look<{ freshness: Freshness }>('projections')).freshness;
  }

  async projections(): Promise<readonly ProjectionStatus[]> {
    return (await this.look<{ projections: ProjectionStatus[] }>('projections')).projections;
  }

  /** Never fails: what was not answered was not done, as far as anybody knows. */
  async ask(path: string, { of = 'analytics', withinMs = ASK_MS } = {}): Promise<Answer> {
    try {
      const response = await fetch(`${this.urlOf(of)}/v1/admin/${path}`, {
        method: 'POST',
        signal: AbortSignal.timeout(withinMs),
      });
      const line = (await response.text()).trim().split('\n').at(-1) ?? '';
      // Long work tells its steps, and at last its result or what went wrong.
      const { result, problem, ...rest } = JSON.parse(line) as Record<string, Record<string, unknown>>;
      return { done: response.ok && problem === undefined, result: result ?? rest, said: line.slice(0, 300) };
    } catch (error) {
      const { message, cause } = error as Error;
      return {
        done: false,
        result: {},
        said: `not answered: ${(cause as Error | undefined)?.message ?? message}`,
      };
    }
  }

  /** How many partitions a projector says that it has; 0 when it does not answer. */
  async partitionsOf(projector: string): Promise<number> {
    try {
      const response = await fetch(`${this.urlOf(projector)}/metrics`, {
        signal: AbortSignal.timeout(LOOK_MS),
      });
      return Number(/^perennial_consumer_partitions (\d+)/m.exec(await response.text())?.[1] ?? 0);
    } catch {
      return 0;
    }
  }

  private async look<Answered>(path: string): Promise<Answered> {
    const response = await fetch(`${this.urlOf('analytics')}/v1/admin/${path}`, {
      signal: AbortSignal.timeout(LOOK_MS),
    });
    if (!response.ok) throw new Error(`analytics answers ${response.status}`);
    return (await response.json()) as Answered;
  }
}
