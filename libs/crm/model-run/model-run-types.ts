import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [field: string]: Json | undefined };
export type JsonObject = { readonly [field: string]: Json | undefined };
export type Figures = Readonly<Record<string, number>>;

export const timeUnits = ['day', 'week', 'month'] as const;
export type TimeUnit = (typeof timeUnits)[number];

export const modelPurposes = ['clv', 'churn'] as const;
export type ModelPurpose = (typeof modelPurposes)[number];

interface RunOfModel {
  readonly modelRunId: string;
  readonly purpose: ModelPurpose;
  /** `bg-nbd`, `pareto-nbd`, `mbg-nbd` ... */
  readonly model: string;
  /** Business date up to and including which events count. */
  readonly asOf: string;
  /** Event position up to and including which events were known. */
  readonly knownAt: number;
  readonly timeUnit: TimeUnit;
  /** Everything chosen by whoever ran it: horizon, discount rate, time units a month ... */
  readonly options: JsonObject;
  /** Of the program that computed it. */
  readonly codeVersion: string;
}

export interface Convergence {
  readonly converged: boolean;
  readonly iterations: number;
  readonly gradientNorm?: number;
  readonly message?: string;
}

/** The model of spend per purchase that goes with a model of purchases. */
export interface MonetaryModel {
  readonly model: string;
  readonly customers: number;
  readonly parameters: Figures;
  readonly standardErrors?: Figures;
  readonly logLikelihood?: number;
  readonly convergence?: Convergence;
}

export interface ModelRunCompletedData extends RunOfModel {
  readonly customers: number;
  readonly parameters: Figures;
  readonly standardErrors: Figures;
  readonly logLikelihood: number;
  readonly convergence: Convergence;
  readonly monetary?: MonetaryModel;
  readonly backtest?: JsonObject;
  readonly calibration?: JsonObject;
  /** Only published runs give the current scores; one that loses to its baseline is not. */
  readonly published: boolean;
  readonly reasonUnpublished?: string;
}

export interface ModelRunFailedData extends RunOfModel {
  readonly reason: string;
}

/** Sent by analytics only; `modelRunId` is made when left out. */
export type RecordModelRun = Command<'RecordModelRun', ModelRunCompletedData>;
/** Sent by analytics only; `modelRunId` is made when left out. */
export type RecordModelRunFailure = Command<'RecordModelRunFailure', ModelRunFailedData>;

export type ModelRunCommand = RecordModelRun | RecordModelRunFailure;

export type ModelRunCompleted = DomainEvent<'ModelRunCompleted', ModelRunCompletedData>;
export type ModelRunFailed = DomainEvent<'ModelRunFailed', ModelRunFailedData>;

export type ModelRunEvent = ModelRunCompleted | ModelRunFailed;
