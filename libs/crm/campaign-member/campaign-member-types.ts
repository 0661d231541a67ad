import type { Command } from '#eventing/decider';
import type { DomainEvent } from '#eventing/event';
import type { Sealed } from '#eventing/sealed';
import type { Arm, Audience } from '../campaign/campaign-types.js';
import type { Money } from '../money.js';

export const touches = [
  'requested',
  'sent',
  'delivered',
  'opened',
  'clicked',
  'bounced',
  'unsubscribed',
] as const;
export type Touch = (typeof touches)[number];

/** From what the customer unsubscribed: this campaign, its channel, or all advertising. */
export const unsubscribeScopes = ['campaign', 'channel', 'all'] as const;
export type UnsubscribeScope = (typeof unsubscribeScopes)[number];

interface OfMember {
  readonly campaignId: string;
  readonly customerId: string;
}

export interface MemberAssignedData extends OfMember {
  readonly arm: string;
  /** With which this arm was to come out: makes every later estimate possible without the plan. */
  readonly probability: number;
  readonly heldOut: boolean;
  /** Figures from before the assignment that an import brought along, for instance last year's spend. */
  readonly covariates?: Readonly<Record<string, number>>;
}

/** What the member did in the outcome window, where an import brings it instead of purchases. */
export interface Outcome {
  readonly visits?: number;
  readonly conversions?: number;
  readonly spend?: Money;
}

export interface OutcomeImportedData extends OfMember, Outcome {}

export interface TouchData extends OfMember {
  /** One message: its sending, delivery, opening ... carry the same. */
  readonly touchId: string;
  readonly channel?: string;
  /** Which message of a sequence: 1, 2, 3 ... */
  readonly step?: number;
  readonly cost?: Money;
  /** Why it bounced, or which link was clicked. */
  readonly detail?: string;
}

export interface TouchUnsubscribedData extends TouchData {
  readonly scope: UnsubscribeScope;
}

/** A member held out was touched all the same. */
export interface ContaminationRecordedData extends TouchData {
  readonly touch: Exclude<Touch, 'requested'>;
}

export interface CampaignResponseRecordedData extends OfMember {
  readonly responseId: string;
  readonly kind: string;
  readonly touchId?: string;
  readonly channel?: string;
  readonly orderId?: string;
  /** Personal. */
  readonly note?: Sealed;
}

/** What a member's commands must know of the campaign, whose stream a member's decider does not see. */
export interface CampaignFacts {
  readonly audience: Audience;
  readonly arms: readonly Arm[];
  readonly holdOut: number;
  readonly salt: string;
  readonly imported: boolean;
  readonly launched: boolean;
  readonly audienceFrozen: boolean;
  readonly ended: boolean;
}

interface WithCampaignFacts {
  /**
   * Filled in by the command side from the campaign's stream (`campaignFacts(state)`), never by the caller;
   * undefined when there is no such campaign. Facts may be kept, but the three last ones turn from false to
   * true once each: what is still false is read again.
   */
  readonly campaign?: CampaignFacts;
}

export interface AssignSelectedMemberData extends OfMember, WithCampaignFacts {}

export interface AssignMemberData extends OfMember, WithCampaignFacts {
  readonly arm: string;
  readonly outcome?: Outcome;
  readonly covariates?: Readonly<Record<string, number>>;
}

export interface RecordTouchData extends TouchData, WithCampaignFacts {
  readonly touch: Touch;
  /** Of `unsubscribed`, and only of it; default `campaign`. */
  readonly scope?: UnsubscribeScope;
}

export interface RecordResponseData extends CampaignResponseRecordedData, WithCampaignFacts {}

/** Sent by the launch process only: draws the arm by `assignArm`. */
export type AssignSelectedMember = Command<'AssignSelectedMember', AssignSelectedMemberData>;
/** Of an imported campaign: brings the arm along, and perhaps the outcome. */
export type AssignMember = Command<'AssignMember', AssignMemberData>;
/** `touchId` is made when left out. */
export type RecordTouch = Command<'RecordTouch', RecordTouchData>;
/** `responseId` is made when left out. */
export type RecordCampaignResponse = Command<'RecordCampaignResponse', RecordResponseData>;

export type CampaignMemberCommand =
  | AssignSelectedMember
  | AssignMember
  | RecordTouch
  | RecordCampaignResponse;

export type MemberAssigned = DomainEvent<'MemberAssigned', MemberAssignedData>;
export type OutcomeImported = DomainEvent<'OutcomeImported', OutcomeImportedData>;
export type TouchRequested = DomainEvent<'TouchRequested', TouchData>;
export type TouchSent = DomainEvent<'TouchSent', TouchData>;
export type TouchDelivered = DomainEvent<'TouchDelivered', TouchData>;
export type TouchOpened = DomainEvent<'TouchOpened', TouchData>;
export type TouchClicked = DomainEvent<'TouchClicked', TouchData>;
export type TouchBounced = DomainEvent<'TouchBounced', TouchData>;
export type TouchUnsubscribed = DomainEvent<'TouchUnsubscribed', TouchUnsubscribedData>;
export type ContaminationRecorded = DomainEvent<'ContaminationRecorded', ContaminationRecordedData>;
export type CampaignResponseRecorded = DomainEvent<'CampaignResponseRecorded', CampaignResponseRecordedData>;

export type CampaignMemberEvent =
  | MemberAssigned
  | OutcomeImported
  | TouchRequested
  | TouchSent
  | TouchDelivered
  | TouchOpened
  | TouchClicked
  | TouchBounced
  | TouchUnsubscribed
  | ContaminationRecorded
  | CampaignResponseRecorded;
