import type { CommandMetadata, Stored } from '#eventing/decider';
import { conflict, refused } from '#eventing/errors';
import type {
  CampaignFacts,
  CampaignMemberEvent,
  MemberAssignedData,
  RecordTouchData,
  Touch,
  TouchData,
} from './campaign-member-types.js';

const eventOf = {
  requested: 'TouchRequested',
  sent: 'TouchSent',
  delivered: 'TouchDelivered',
  opened: 'TouchOpened',
  clicked: 'TouchClicked',
  bounced: 'TouchBounced',
  unsubscribed: 'TouchUnsubscribed',
} as const satisfies Record<Touch, CampaignMemberEvent['type']>;

/** In which order they happen to one message; those of one rank in any. */
const rank: Readonly<Record<Touch, number>> = {
  requested: 0,
  sent: 1,
  delivered: 2,
  bounced: 2,
  opened: 3,
  clicked: 3,
  unsubscribed: 3,
};

const mayRecur: ReadonlySet<Touch> = new Set<Touch>(['opened', 'clicked']);

/** Whoever is held out is contaminated by any touch, but what he or she unsubscribed from counts all the same. */
export const touchEvents = (data: RecordTouchData, heldOut: boolean): readonly CampaignMemberEvent[] => {
  const { touch, scope = 'campaign', campaign: _campaign, ...said } = data;
  const event =
    touch === 'unsubscribed'
      ? { type: eventOf[touch], data: { ...said, scope } }
      : { type: eventOf[touch], data: said };
  if (!heldOut || touch === 'requested') return [event];
  const contamination: CampaignMemberEvent = { type: 'ContaminationRecorded', data: { ...said, touch } };
  return touch === 'unsubscribed' ? [contamination, event] : [contamination];
};

type Facts = readonly Stored<CampaignMemberEvent>[];

/** @throws PerennialError when the touch may not be, or cannot have been */
export const demandPossible = (
  data: RecordTouchData,
  metadata: CommandMetadata,
  member: MemberAssignedData,
  campaign: CampaignFacts,
  facts: Facts,
): void => {
  if (data.touch === 'requested') demandWanted(data, member, campaign, facts);
  const { touch, touchId } = data;
  for (const { touch: earlier, businessDate } of touchesOf(touchId, facts)) {
    if (earlier === touch && !mayRecur.has(touch))
      throw conflict('touch-exists', `That touch ${touchId} was ${touch} is recorded with other content.`);
    const order = Math.sign(rank[touch] - rank[earlier]);
    if (order * compare(metadata.businessDate, businessDate) < 0)
      throw refused('touch-out-of-order', `Touch ${touchId} was ${earlier} on ${businessDate}.`, [
        { path: 'occurredAt', reason: `must not be ${order > 0 ? 'before' : 'after'} ${businessDate}` },
      ]);
  }
};

const demandWanted = (
  { channel }: TouchData,
  { heldOut }: MemberAssignedData,
  { ended }: CampaignFacts,
  facts: Facts,
): void => {
  if (heldOut) throw refused('member-held-out', 'The customer is held out of this campaign.');
  if (ended) throw refused('campaign-ended', 'The campaign has ended.');
  const unsubscribed = facts.some(
    ({ type, data }) =>
      type === 'TouchUnsubscribed' && (data.scope !== 'channel' || data.channel === channel),
  );
  if (unsubscribed) throw refused('member-unsubscribed', 'The customer has unsubscribed.');
};

const touchOf = Object.fromEntries(Object.entries(eventOf).map(([touch, type]) => [type, touch])) as Partial<
  Record<CampaignMemberEvent['type'], Touch>
>;

/** What happened to one message so far. */
const touchesOf = (touchId: string, facts: Facts): { touch: Touch; businessDate: string }[] =>
  facts.flatMap((fact) => {
    const touch = fact.type === 'ContaminationRecorded' ? fact.data.touch : touchOf[fact.type];
    const known = touch !== undefined && (fact.data as TouchData).touchId === touchId;
    return known ? [{ touch, businessDate: fact.metadata.businessDate }] : [];
  });

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
