import { type Upcaster, Upcasters } from '#eventing/upcaster';
import { campaignCommands } from './campaign/campaign-commands.js';
import type { CampaignCommand, CampaignEvent } from './campaign/campaign-types.js';
import { campaignMemberCommands } from './campaign-member/campaign-member-commands.js';
import type { CampaignMemberCommand, CampaignMemberEvent } from './campaign-member/campaign-member-types.js';
import type { AnyCommandType } from './command-type.js';
import { complaintCommands } from './complaint/complaint-commands.js';
import type { ComplaintCommand, ComplaintEvent } from './complaint/complaint-types.js';
import { customerCommands } from './customer/customer-commands.js';
import type { CustomerCommand, CustomerEvent } from './customer/customer-types.js';
import {
  type InteractionCommand,
  type InteractionEvent,
  interactionCommands,
} from './interaction/interaction.js';
import { modelRunCommands } from './model-run/model-run.js';
import type { ModelRunCommand, ModelRunEvent } from './model-run/model-run-types.js';
import { purchaseCommands } from './purchase/purchase-commands.js';
import type { PurchaseCommand, PurchaseEvent } from './purchase/purchase-types.js';
import {
  type ServiceFailureCommand,
  type ServiceFailureEvent,
  serviceFailureCommands,
} from './service-failure/service-failure.js';

export type CrmCommand =
  | CustomerCommand
  | InteractionCommand
  | PurchaseCommand
  | ComplaintCommand
  | ServiceFailureCommand
  | CampaignCommand
  | CampaignMemberCommand
  | ModelRunCommand;

export type CrmEvent =
  | CustomerEvent
  | InteractionEvent
  | PurchaseEvent
  | ComplaintEvent
  | ServiceFailureEvent
  | CampaignEvent
  | CampaignMemberEvent
  | ModelRunEvent;

/** Everything that can be asked of the domain. */
export const commandTypes: readonly AnyCommandType[] = [
  ...customerCommands,
  ...interactionCommands,
  ...purchaseCommands,
  ...complaintCommands,
  ...serviceFailureCommands,
  ...campaignCommands,
  ...campaignMemberCommands,
  ...modelRunCommands,
];

/** From every schema version of an event that was ever written to the next; see docs/how-to/add-an-event-version.md. */
export const upcasters: readonly Upcaster[] = [];

const descriptions: Readonly<Record<CrmEvent['type'], string>> = {
  CustomerRegistered: 'A lead or customer became known by name.',
  CustomerDetailsChanged:
    'Details of a customer changed; holds only the changed fields, null for one taken away.',
  CustomerTagged: 'A tag was put on a customer.',
  CustomerUntagged: 'A tag was taken off a customer.',
  CustomerClosed: 'The relationship ended: by whom and why.',
  CustomerErased: 'A customer was erased for good, and with him or her those merged into the same.',
  CustomerMergeReserved: 'On the survivor: a merge of another customer into this one began.',
  CustomerMerged: 'On the merged customer: from here on he or she is known as the survivor.',
  CustomerMergeCompleted: 'On the survivor: the merge is done.',
  CustomerMergeReleased: 'On the survivor: the merge could not be done.',
  CustomerMergeUndoReserved: 'On the survivor: the undoing of a merge began.',
  CustomerMergeUndone: 'On the merged customer: from here on he or she stands alone again.',
  CustomerMergeUndoCompleted: 'On the survivor: the undoing of a merge is done.',
  InteractionRecorded: 'A contact between a customer or visitor and the company took place.',
  InteractionVoided: 'A recorded interaction is not to be counted.',
  PurchaseRecorded: 'Something was bought, renewed, tried or replaced.',
  PurchaseVoided: 'A recorded purchase is not to be counted.',
  ReturnRecorded: 'Bought goods came back, or money was given back for them.',
  ReturnVoided: 'A recorded return is not to be counted.',
  ComplaintOpened: 'Somebody complained.',
  ComplaintAcknowledged: 'The customer was told that the complaint has arrived.',
  ComplaintAssigned: 'A complaint was given to a unit or an employee.',
  ComplaintSentOn: 'A complaint was passed on to another company or authority.',
  ComplaintWaitingForCustomer: 'A complaint cannot go on before the customer has done something.',
  ComplaintAnswered: 'The customer was given an answer.',
  ComplaintDisputed: 'The customer did not accept the answer.',
  ComplaintReclassified: 'A complaint turned out to be about something else.',
  RedressGranted: 'The customer was given something to make good.',
  ComplaintResolved: 'The cause of a complaint is known and dealt with.',
  ComplaintReopened: 'A complaint that was resolved or closed is taken up again.',
  ComplaintClosed: 'Nothing more will be done about a complaint.',
  SatisfactionReported: 'The customer said how satisfied he or she is with the handling of a complaint.',
  ComplaintVoided: 'A complaint is not to be counted.',
  ServiceFailureRecorded: 'Something went wrong, whether or not anybody complains.',
  ServiceFailureVoided: 'A recorded service failure is not to be counted.',
  CampaignPlanned: 'A campaign was planned: its goal, arms and hold-out, metric and outcome window.',
  CampaignLaunched: 'A campaign began, with a segment, a list, or without audience.',
  AudienceSelected: 'It is fixed whom the campaign is for: how many, and their checksum.',
  AudienceFrozen:
    'All members of a campaign are assigned to their arms; from here on touches may be requested.',
  CampaignLaunchFailed: 'The launch stopped, and why: it can be sent again.',
  CampaignEnded: 'A campaign ended.',
  CampaignCostRecorded: 'The fixed cost of a campaign as known now.',
  MemberAssigned: 'A customer was assigned to an arm of a campaign, or to its hold-out.',
  OutcomeImported: 'What a member of an imported campaign did in the outcome window.',
  TouchRequested: 'A message to a member is to be sent.',
  TouchSent: 'A message to a member was sent.',
  TouchDelivered: 'A message reached the member.',
  TouchOpened: 'The member opened a message.',
  TouchClicked: 'The member followed a link of a message.',
  TouchBounced: 'A message could not be delivered.',
  TouchUnsubscribed: 'The member wants no more such messages: of this campaign, of the channel, or none.',
  ContaminationRecorded: 'A member who is held out was reached nevertheless.',
  CampaignResponseRecorded: 'A member responded to a campaign.',
  ModelRunCompleted: 'A model was fitted: its parameters, bounds, backtest, and whether it is published.',
  ModelRunFailed: 'A model could not be fitted, and why.',
};

export interface EventTypeInfo {
  readonly type: CrmEvent['type'];
  /** The schema version in which events of this type are written today. */
  readonly schemaVersion: number;
  readonly description: string;
}

const versions = new Upcasters(upcasters);

/** Everything that can have happened. */
export const eventTypes: readonly EventTypeInfo[] = Object.entries(descriptions).map(
  ([type, description]) => ({
    type: type as CrmEvent['type'],
    schemaVersion: versions.currentVersion(type),
    description,
  }),
);
