import type { Command, Decider, Stored } from '#eventing/decider';
import { conflict, notFound } from '#eventing/errors';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';
import { streamName } from '#eventing/stream-name';
import type { AnyCommandType, CommandType } from '../command-type.js';
import { FieldChecks } from '../field-checks.js';
import { checkMoney, type Money } from '../money.js';
import { sameFact } from '../same-fact.js';
import { type Direction, directions, type Sentiment, sentiments } from '../vocabulary.js';
import { toBeVoided, type Voiding } from '../voiding.js';

// ---- types

export const agentKinds = ['employee', 'bot'] as const;
export type AgentKind = (typeof agentKinds)[number];

export interface Interaction {
  readonly interactionId: string;
  readonly customerId?: string;
  /** A visitor not yet known to be a customer: a cookie, a device, a card without a name. */
  readonly visitorId?: string;
  /** A code, for instance one of `knownChannels`. */
  readonly channel: string;
  readonly direction?: Direction;
  /** A code: call, message, page-view, appointment, ... */
  readonly kind?: string;
  /** A code: why the contact was made. */
  readonly contactReason?: string;
  readonly orderId?: string;
  readonly complaintId?: string;
  readonly campaignId?: string;
  readonly threadId?: string;
  readonly durationSeconds?: number;
  readonly cost?: Money;
  /** Who dealt with it on the company's side. */
  readonly agent?: { readonly kind: AgentKind; readonly id?: string };
  readonly sentiment?: Sentiment;
  readonly text?: Sealed;
}

export interface InteractionVoiding extends Voiding {
  readonly interactionId: string;
}

export type RecordInteraction = Command<'RecordInteraction', Interaction>;
export type VoidInteraction = Command<'VoidInteraction', InteractionVoiding>;
export type InteractionCommand = RecordInteraction | VoidInteraction;

export type InteractionRecorded = DomainEvent<'InteractionRecorded', Interaction>;
export type InteractionVoided = DomainEvent<'InteractionVoided', InteractionVoiding>;
export type InteractionEvent = InteractionRecorded | InteractionVoided;

// ---- state

export interface InteractionState {
  readonly interaction?: Interaction;
  readonly occurredAt?: string;
  readonly voided?: InteractionVoiding;
}

// ---- decide

const decide = (command: InteractionCommand, state: InteractionState): readonly InteractionEvent[] => {
  switch (command.type) {
    case 'RecordInteraction':
      return recordInteraction(command, state);
    case 'VoidInteraction':
      return voidInteraction(command, state);
    default:
      return command satisfies never;
  }
};

const recordInteraction = (
  { data, metadata }: RecordInteraction,
  state: InteractionState,
): readonly InteractionEvent[] => {
  checkInteraction(data);
  if (state.interaction === undefined) return [{ type: 'InteractionRecorded', data }];
  if (state.occurredAt === metadata.occurredAt && sameFact(state.interaction, data)) return [];
  throw conflict(
    'interaction-exists',
    `Interaction ${data.interactionId} was recorded before with other content; void it and record a new one.`,
  );
};

const A_YEAR_IN_SECONDS = 366 * 86_400;

const checkInteraction = (interaction: Interaction): void => {
  const checks = new FieldChecks();
  checks.present('interactionId', interaction.interactionId);
  checks.id('interactionId', interaction.interactionId);
  checks.id('customerId', interaction.customerId);
  checks.id('visitorId', interaction.visitorId);
  checks.present('channel', interaction.channel);
  checks.code('channel', interaction.channel);
  checks.oneOf('direction', interaction.direction, directions);
  checks.code('kind', interaction.kind);
  checks.code('contactReason', interaction.contactReason);
  checks.id('orderId', interaction.orderId);
  checks.id('complaintId', interaction.complaintId);
  checks.id('campaignId', interaction.campaignId);
  checks.id('threadId', interaction.threadId);
  checks.count('durationSeconds', interaction.durationSeconds, A_YEAR_IN_SECONDS);
  checkMoney(checks, 'cost', interaction.cost);
  if (interaction.agent !== undefined) {
    checks.present('agent.kind', interaction.agent.kind);
    checks.oneOf('agent.kind', interaction.agent.kind, agentKinds);
    checks.id('agent.id', interaction.agent.id);
  }
  checks.oneOf('sentiment', interaction.sentiment, sentiments);
  checks.sealed('text', interaction.text);
  checks.done();
};

const voidInteraction = ({ data }: VoidInteraction, state: InteractionState): readonly InteractionEvent[] => {
  if (state.interaction === undefined)
    throw notFound('interaction-unknown', `No interaction ${data.interactionId} is recorded.`);
  return toBeVoided(data.interactionId, data, state.voided) ? [{ type: 'InteractionVoided', data }] : [];
};

// ---- evolve

const evolve = (state: InteractionState, event: Stored<InteractionEvent>): InteractionState => {
  switch (event.type) {
    case 'InteractionRecorded':
      return { ...state, interaction: event.data, occurredAt: event.metadata.occurredAt };
    case 'InteractionVoided':
      return { ...state, voided: event.data };
    default:
      event satisfies never;
      return state;
  }
};

export const interaction: Decider<InteractionState, InteractionCommand, InteractionEvent> = {
  initialState: {},
  decide,
  evolve,
};

// ---- command types

const recordInteractionType: CommandType<InteractionState, RecordInteraction, InteractionEvent> = {
  type: 'RecordInteraction',
  decider: interaction,
  stream: ({ interactionId }) => streamName('interaction', interactionId),
  customer: ({ customerId }) => customerId ?? null,
  idField: 'interactionId',
  personal: ['text'],
};

const voidInteractionType: CommandType<InteractionState, VoidInteraction, InteractionEvent> = {
  type: 'VoidInteraction',
  decider: interaction,
  stream: ({ interactionId }) => streamName('interaction', interactionId),
  customer: () => undefined,
  personal: ['note'],
};

export const interactionCommands: readonly AnyCommandType[] = [recordInteractionType, voidInteractionType];
