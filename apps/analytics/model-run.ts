import { randomUUID } from 'node:crypto';
import { modelRun } from '#crm/model-run/model-run';
import type {
  JsonObject,
  ModelPurpose,
  ModelRunCommand,
  ModelRunCompletedData,
} from '#crm/model-run/model-run-types';
import { addDays, businessTime, today } from '#eventing/business-time';
import type { Outcome } from '#eventing/command-handler';
import type { Decider } from '#eventing/decider';
import { invalid, PerennialError, refused } from '#eventing/errors';
import { streamName } from '#eventing/stream-name';
import { version } from '#platform/package-root';
import { DegenerateData, type PurchaseModelName, type TimeUnit } from '#statistics/index';
import type { Warehouse } from '#warehouse/warehouse';
import { churnRun } from './churn-run.js';
import { clvRun } from './clv-run.js';
import { onlyCurrency } from './purchase-histories.js';
import { Scratch } from './scratch.js';

export const purchaseModelNames = [
  'bg-nbd',
  'mbg-nbd',
  'pareto-nbd',
] as const satisfies readonly PurchaseModelName[];

/** What may be chosen of a run; what is left out gets its default. */
export interface ModelRunRequest {
  readonly purpose: ModelPurpose;
  /** Business date up to and including which events count; default: yesterday, the last whole day. */
  readonly asOf?: string;
  /** Position up to and including which events were known; default: all that has landed. */
  readonly knownAt?: number;
  readonly timeUnit?: TimeUnit;
  readonly model?: PurchaseModelName;
  /** Needed where there are several: amounts of several currencies are never added. */
  readonly currency?: string;
  /** clv: months of the horizon; default 12. */
  readonly months?: number;
  /** clv: discount rate per month; default 0.01. */
  readonly discountPerMonth?: number;
  /** churn: days of the horizon; default 90. */
  readonly horizonDays?: number;
}

/** A request with everything decided. */
export interface ModelRunPlan {
  readonly modelRunId: string;
  readonly purpose: ModelPurpose;
  readonly asOf: string;
  readonly knownAt: number;
  readonly timeUnit: TimeUnit;
  readonly model: PurchaseModelName;
  readonly currency: string;
  readonly months: number;
  readonly discountPerMonth: number;
  readonly horizonDays: number;
}

/** What a run finds out, besides the scores that it leaves in crm.customer_scores. */
export type ModelRunResult = Pick<
  ModelRunCompletedData,
  | 'customers'
  | 'parameters'
  | 'standardErrors'
  | 'logLikelihood'
  | 'convergence'
  | 'monetary'
  | 'backtest'
  | 'calibration'
  | 'published'
  | 'reasonUnpublished'
> & { readonly options: JsonObject };

export interface ModelRunPorts {
  readonly warehouse: Warehouse;
  /** Position up to which every event has landed. */
  landedPosition(): number;
  waitFor(position: number, timeoutMs: number): Promise<boolean>;
  /** Runs a command of the domain. */
  handle(decider: Decider<never, never, never>, stream: string, command: ModelRunCommand): Promise<Outcome>;
  readonly businessZone: string;
  now(): number;
}

export type RecordedModelRun = ModelRunCompletedData & { readonly position: number };

const runs = { clv: clvRun, churn: churnRun } as const;
const LANDING_TIMEOUT_MS = 10_000;

/**
 * Runs a model and records it: an event with its parameters, both bounds and the code's version, whether it
 * succeeded or not. Answers when the warehouse shows it.
 * @throws PerennialError `invalid-model-run`, `mixed-currencies`, `no-purchases`; `model-run-failed` for data from
 *   which nothing can be learned, with the reason in words
 */
export const runModel = async (
  ports: ModelRunPorts,
  request: ModelRunRequest,
  actor: string,
): Promise<RecordedModelRun> => {
  const plan = await planOf(ports, request);
  const base = {
    modelRunId: plan.modelRunId,
    purpose: plan.purpose,
    model: plan.model,
    asOf: plan.asOf,
    knownAt: plan.knownAt,
    timeUnit: plan.timeUnit,
    codeVersion: version(),
  };
  try {
    const result = await Scratch.with(ports.warehouse, (scratch) => runs[plan.purpose](scratch, plan));
    const data: ModelRunCompletedData = { ...base, ...result };
    const { position } = await record(ports, { type: 'RecordModelRun', data }, actor);
    await ports.waitFor(position, LANDING_TIMEOUT_MS);
    return { ...data, position };
  } catch (error) {
    if (!(error instanceof DegenerateData)) throw error;
    const options = { currency: plan.currency };
    await record(
      ports,
      { type: 'RecordModelRunFailure', data: { ...base, options, reason: error.message } },
      actor,
    );
    throw new PerennialError('refused', 'model-run-failed', error.message);
  }
};

const record = (
  { handle, businessZone, now }: ModelRunPorts,
  command: Pick<ModelRunCommand, 'type' | 'data'>,
  actor: string,
): Promise<Outcome> => {
  const commandId = randomUUID();
  const metadata = {
    commandId,
    actor,
    correlationId: commandId,
    causationId: null,
    customerId: null,
    ...businessTime(new Date(now()).toISOString(), businessZone, now()),
  };
  return handle(
    modelRun as unknown as Decider<never, never, never>,
    streamName('model-run', command.data.modelRunId),
    { ...command, metadata } as ModelRunCommand,
  );
};

const planOf = async (ports: ModelRunPorts, request: ModelRunRequest): Promise<ModelRunPlan> => {
  const date = today(ports.businessZone, ports.now());
  const asOf = request.asOf ?? addDays(date, -1);
  const landed = ports.landedPosition();
  const knownAt = request.knownAt ?? landed;
  const problems = [
    ...(asOf > date ? [{ path: 'asOf', reason: 'must not lie in the future' }] : []),
    ...(knownAt > landed
      ? [{ path: 'knownAt', reason: `has not landed yet: the warehouse is at ${landed}` }]
      : []),
  ];
  if (problems.length > 0) throw invalid('invalid-model-run', 'The model cannot be run so.', problems);
  if (landed < 0) throw refused('no-purchases', 'There are no events yet.');
  return {
    modelRunId: randomUUID(),
    purpose: request.purpose,
    asOf,
    knownAt,
    timeUnit: request.timeUnit ?? 'week',
    model: request.model ?? 'bg-nbd',
    currency: request.currency ?? (await onlyCurrency(ports.warehouse, { asOf, knownAt })),
    months: request.months ?? 12,
    discountPerMonth: request.discountPerMonth ?? 0.01,
    horizonDays: request.horizonDays ?? 90,
  };
};
