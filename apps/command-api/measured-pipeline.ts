import type { Metrics } from '#apps/service/metrics';
import { commandTypes } from '#crm/catalogue';
import { PerennialError } from '#eventing/errors';
import { type Done, Pipeline, type PipelinePorts, type Prepared, type Sender } from './pipeline.js';

const known: ReadonlySet<string> = new Set(commandTypes.map(({ type }) => type));

/** The pipeline, counting what becomes of commands. */
export class MeasuredPipeline extends Pipeline {
  private readonly outcomes;

  constructor(ports: PipelinePorts, metrics: Metrics) {
    super(ports);
    this.outcomes = metrics.counter(
      'commands_total',
      'Commands by what became of them: accepted, repeated, or the code of the problem they were answered with',
      ['type', 'outcome'],
    );
  }

  override prepare(name: string, body: unknown, sender: Sender): Prepared {
    try {
      return super.prepare(name, body, sender);
    } catch (error) {
      this.count(name, codeOf(error));
      throw error;
    }
  }

  override async run(prepared: Prepared): Promise<Done> {
    try {
      const done = await super.run(prepared);
      this.count(prepared.type.type, done.status);
      return done;
    } catch (error) {
      this.count(prepared.type.type, codeOf(error));
      throw error;
    }
  }

  /** Callers may send any name: those that are no command's are one. */
  private count(type: string, outcome: string): void {
    this.outcomes.inc({ type: known.has(type) ? type : 'unknown', outcome });
  }
}

const codeOf = (error: unknown): string => (error instanceof PerennialError ? error.code : 'internal-error');
