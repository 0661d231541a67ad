import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';
import type { Money } from '../money.js';
import type { Direction, Sentiment } from '../vocabulary.js';
import type { Voiding } from '../voiding.js';

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
