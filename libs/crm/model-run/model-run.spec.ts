import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decidesOrRefuses, foldsWhateverComes } from '#test/support/decider-properties';
import { specification } from '#test/support/decider-specification';
import { modelRun, modelRunCommands } from './model-run.js';
import type { ModelRunCompletedData, ModelRunEvent } from './model-run-types.js';

const given = specification(modelRun);

const run = {
  modelRunId: 'm-1',
  purpose: 'clv',
  model: 'bg-nbd',
  asOf: '1997-09-30',
  knownAt: 6919,
  timeUnit: 'week',
  options: { horizonDays: 273, discountRate: 0.01 },
  codeVersion: '0.1.0',
} as const;
const result: ModelRunCompletedData = {
  ...run,
  customers: 2357,
  parameters: { r: 0.24259, alpha: 4.4136, a: 0.79292, b: 2.42591 },
  standardErrors: { r: 0.012557, alpha: 0.378221, a: 0.185719, b: 0.705345 },
  logLikelihood: -9582.429,
  convergence: { converged: true, iterations: 21 },
  monetary: { model: 'gamma-gamma', customers: 946, parameters: { p: 6.2496, q: 3.7442, gamma: 15.4435 } },
  backtest: { meanAbsoluteError: 1.1, baseline: { meanAbsoluteError: 1.4 } },
  published: true,
};
const completed = { type: 'ModelRunCompleted', data: result } as const;
const record = { type: 'RecordModelRun', data: result } as const;
const failure = { ...run, reason: 'No customer bought twice.' };
const failed = { type: 'ModelRunFailed', data: failure } as const;
const recordFailure = { type: 'RecordModelRunFailure', data: failure } as const;

describe('a model run', () => {
  it('keeps what it found, or why it found nothing', () => {
    given([]).when(record).then([completed]);
    given([]).when(recordFailure).then([failed]);
  });
  it('is kept unpublished with a reason', () => {
    const data = { ...result, published: false, reasonUnpublished: 'loses to the naive baseline' };
    given([])
      .when({ type: 'RecordModelRun', data })
      .then([{ type: 'ModelRunCompleted', data }]);
  });
  it('is repeated by the same content', () => {
    given([completed]).when(record).thenNothing();
    given([failed]).when(recordFailure).thenNothing();
  });
  it('conflicts with another result', () => {
    given([completed])
      .when({ ...record, data: { ...result, logLikelihood: -1 } })
      .thenRefused('model-run-exists');
    given([completed]).when(recordFailure).thenRefused('model-run-exists');
  });
  it.each<[string, object]>([
    ['modelRunId', { modelRunId: undefined }],
    ['purpose', { purpose: 'horoscope' }],
    ['asOf', { asOf: 'now' }],
    ['knownAt', { knownAt: -1 }],
    ['timeUnit', { timeUnit: 'fortnight' }],
    ['parameters', { parameters: undefined }],
    ['published', { published: undefined }],
    ['reasonUnpublished', { published: false }],
    ['reasonUnpublished', { reasonUnpublished: 'none' }],
    ['logLikelihood', { logLikelihood: Number.NaN }],
    ['parameters.r', { parameters: { r: Number.POSITIVE_INFINITY } }],
    ['backtest.errors.1', { backtest: { errors: [1, Number.NaN] } }],
  ])('names %s as wrong in %p', (path, wrong) => {
    given([])
      .when({ ...record, data: { ...result, ...wrong } })
      .thenRefused('validation-failed', path);
  });
  it('that failed says why', () => {
    given([])
      .when({ type: 'RecordModelRunFailure', data: { ...run } as never })
      .thenRefused('validation-failed', 'reason');
  });
  it('has a stream of its own and concerns no customer', () => {
    for (const type of modelRunCommands) {
      expect(type.stream(result)).toBe('model-run-m-1');
      expect(type.customer(result)).toBeNull();
    }
  });
});

describe('a model run, whatever comes', () => {
  it('is decided or refused', () => {
    const commands = fc.constantFrom(record, recordFailure, {
      ...record,
      data: { ...result, customers: 1 },
    });
    decidesOrRefuses(modelRun, commands);
  });
  it('folds', () => {
    foldsWhateverComes(modelRun, fc.constantFrom<ModelRunEvent>(completed, failed));
  });
});
