import type { Decider, Stored } from '#eventing/decider';
import { conflict } from '#eventing/errors';
import { streamName } from '#eventing/stream-name';
import type { CommandType } from '../command-type.js';
import { FieldChecks } from '../field-checks.js';
import { sameFact } from '../same-fact.js';
import {
  type Json,
  type ModelRunCommand,
  type ModelRunCompletedData,
  type ModelRunEvent,
  modelPurposes,
  timeUnits,
} from './model-run-types.js';

/** A run is over when it is told of: its one event is all there is to know. */
export interface ModelRunState {
  readonly run?: Stored<ModelRunEvent>;
}

export const modelRun: Decider<ModelRunState, ModelRunCommand, ModelRunEvent> = {
  initialState: {},

  decide(command, { run }) {
    checkFields(command);
    const event = eventOf(command);
    if (!run) return [event];
    if (run.type === event.type && sameFact(run.data, event.data)) return [];
    throw conflict(
      'model-run-exists',
      `Model run ${command.data.modelRunId} is recorded with other content.`,
    );
  },

  evolve(state, event) {
    switch (event.type) {
      case 'ModelRunCompleted':
      case 'ModelRunFailed':
        return { run: event };
      default:
        event satisfies never;
        return state;
    }
  },
};

const eventOf = (command: ModelRunCommand): ModelRunEvent =>
  command.type === 'RecordModelRun'
    ? { type: 'ModelRunCompleted', data: command.data }
    : { type: 'ModelRunFailed', data: command.data };

const checkFields = (command: ModelRunCommand): void => {
  const { data } = command;
  const checks = new FieldChecks();
  for (const field of [
    'modelRunId',
    'purpose',
    'model',
    'asOf',
    'knownAt',
    'timeUnit',
    'codeVersion',
  ] as const)
    checks.present(field, data[field]);
  checks.id('modelRunId', data.modelRunId);
  checks.oneOf('purpose', data.purpose, modelPurposes);
  checks.code('model', data.model);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(data.asOf)) checks.fail('asOf', 'must be a date: 1997-09-30');
  checks.count('knownAt', data.knownAt, Number.MAX_SAFE_INTEGER);
  checks.oneOf('timeUnit', data.timeUnit, timeUnits);
  if (command.type === 'RecordModelRun') checkResult(checks, command.data);
  else checks.present('reason', command.data.reason);
  checkFigures(checks, '', data as unknown as Json);
  checks.done();
};

const checkResult = (checks: FieldChecks, result: ModelRunCompletedData): void => {
  checks.count('customers', result.customers, Number.MAX_SAFE_INTEGER);
  for (const field of ['customers', 'parameters', 'logLikelihood', 'convergence', 'published'] as const)
    checks.present(field, result[field]);
  if (result.published && result.reasonUnpublished !== undefined)
    checks.fail('reasonUnpublished', 'must be left out: the run is published');
  if (!result.published && result.reasonUnpublished === undefined)
    checks.fail('reasonUnpublished', 'is required: the run is not published');
};

/** JSON turns what is no number into null: a model that failed must say so. */
const checkFigures = (checks: FieldChecks, path: string, value: Json | undefined): void => {
  if (typeof value === 'number' && !Number.isFinite(value)) checks.fail(path, 'must be a finite number');
  if (typeof value !== 'object' || value === null) return;
  for (const [name, item] of Object.entries(value))
    checkFigures(checks, path ? `${path}.${name}` : name, item as Json);
};

const commandType = (
  type: ModelRunCommand['type'],
): CommandType<ModelRunState, ModelRunCommand, ModelRunEvent> => ({
  type,
  decider: modelRun,
  stream: ({ modelRunId }) => streamName('model-run', modelRunId),
  customer: () => null,
  idField: 'modelRunId',
  personal: [],
  internal: true,
});

export const modelRunCommands = [commandType('RecordModelRun'), commandType('RecordModelRunFailure')];
