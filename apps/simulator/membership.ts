import { assignArm } from '#crm/campaign/assign-arm';
import type { Touch, UnsubscribeScope } from '#crm/campaign-member/campaign-member-types';
import { euros } from './basket.js';
import { DAY, HOUR, MINUTE } from './calendar.js';
import type { Campaign, CampaignArm } from './campaigns.js';
import { Chance } from './chance.js';
import type { Journal } from './journal.js';
import type { Life, Order } from './life.js';
import { buy } from './shopping.js';

/** A member of a campaign, and what only the simulation knows: what he or she did because of it. */
export interface Membership {
  readonly customerId: string;
  readonly arm: string;
  readonly heldOut: boolean;
  /** Bought in the outcome window and would have done so anyway. */
  readonly boughtAnyway: boolean;
  /** Bought because of the campaign. */
  readonly induced?: Order;
}

/** Of those held out, one in so many was written to all the same. */
const CONTAMINATED = 30;
const BOUNCED = 0.03;
const OPENED = 0.45;
const CLICKED = 0.3;
const UNSUBSCRIBED = 0.025;

/** Whether the shop takes the person for one whom the campaign is for, on the day of its launch. */
const isWanted = (life: Life, { launchedAt, silentFor }: Campaign): boolean => {
  const { registeredAt, closedAt, duplicate } = life;
  if (registeredAt === undefined || registeredAt > launchedAt - 4 * DAY || closedAt < launchedAt || duplicate)
    return false;
  const last = bought(life, 0, launchedAt).at(-1);
  if (!last) return false;
  const silence = (launchedAt - last.at) / DAY;
  return silence >= silentFor.least && silence <= silentFor.most;
};

const bought = ({ orders }: Life, from: number, until: number): Order[] =>
  orders
    .filter(({ at, kind }) => at >= from && at < until && (kind === 'sale' || kind === 'renewal'))
    .sort((a, b) => a.at - b.at);

/** What a campaign does with somebody and the other way round; undefined when it is not for him or her. */
export const takePart = (life: Life, campaign: Campaign, seed: number): Membership | undefined => {
  if (!isWanted(life, campaign)) return undefined;
  const { customerId, number } = life.person;
  const { launchedAt, outcomeWindowDays, audience, salt, arms, holdOut } = campaign;
  const chance = Chance.of(seed, campaign.campaignId, number);
  if (audience !== 'list') tagFor(life, campaign, audience.tag, chance);
  const { arm, heldOut } = assignArm(salt, customerId, arms, holdOut);
  const windowEnd = launchedAt + outcomeWindowDays * DAY;
  const boughtAnyway = bought(life, launchedAt, windowEnd).length > 0;
  if (heldOut) return { customerId, arm, heldOut, boughtAnyway };
  const given = arms.find(({ name }) => name === arm) as CampaignArm;
  const induced = chance.happens(given.effect) ? comeBack(life, campaign, given, chance) : undefined;
  touch(life, campaign, given, chance, induced);
  return { customerId, arm, heldOut, boughtAnyway, ...(induced && { induced }) };
};

const tagFor = ({ journal, person }: Life, { launchedAt }: Campaign, tag: string, chance: Chance): void => {
  journal.add('TagCustomer', launchedAt - chance.whole(12, 60) * HOUR, {
    customerId: person.customerId,
    tag,
  });
  journal.add('UntagCustomer', launchedAt + chance.whole(50, 60) * DAY, {
    customerId: person.customerId,
    tag,
  });
};

/** The purchase that would not have been. */
const comeBack = (life: Life, campaign: Campaign, { voucher }: CampaignArm, chance: Chance): Order => {
  const { campaignId, launchedAt, outcomeWindowDays } = campaign;
  const at = launchedAt + chance.whole(4, outcomeWindowDays - 5) * DAY;
  return buy(life, at, { campaignId, voucher, ...(voucher > 0 && { offerId: `${campaignId}-voucher` }) });
};

const touch = (
  life: Life,
  { campaignId, launchedAt }: Campaign,
  { channel, messageCost, messages }: CampaignArm,
  chance: Chance,
  induced: Order | undefined,
): void => {
  const { customerId } = life.person;
  for (let step = 1; step <= messages; step++) {
    const touchId = `${customerId}-${step}`;
    let at = launchedAt + (step === 1 ? 1 : 16) * DAY;
    const tell = (what: Touch, after: number, more: { cost?: number; scope?: UnsubscribeScope } = {}) => {
      at += after;
      life.journal.add('RecordTouch', at, {
        campaignId,
        customerId,
        touchId,
        touch: what,
        channel,
        step,
        ...(more.cost !== undefined && { cost: euros(more.cost) }),
        ...(more.scope && { scope: more.scope }),
        ...(what === 'bounced' && { detail: 'unknown recipient' }),
        ...(what === 'clicked' && { detail: 'to the shop' }),
      });
    };
    tell('requested', 0);
    tell('sent', chance.whole(1, 90) * MINUTE, { cost: messageCost });
    if (!induced && chance.happens(BOUNCED)) {
      tell('bounced', MINUTE);
      return;
    }
    tell('delivered', chance.whole(1, 30) * MINUTE);
    if (channel !== 'email') continue;
    const interested = induced !== undefined || chance.happens(OPENED);
    if (interested) tell('opened', chance.whole(1, 20) * HOUR);
    if (interested && (induced !== undefined || chance.happens(CLICKED))) tell('clicked', MINUTE);
    if (chance.happens(UNSUBSCRIBED)) {
      tell('unsubscribed', HOUR, { scope: chance.pick(['campaign', 'channel', 'all'] as const) });
      break;
    }
  }
  respond(life, campaignId, launchedAt, channel, chance, induced);
};

const respond = (
  life: Life,
  campaignId: string,
  launchedAt: number,
  channel: string,
  chance: Chance,
  induced: Order | undefined,
): void => {
  const { customerId } = life.person;
  const response = { campaignId, customerId, channel, touchId: `${customerId}-1` };
  if (induced)
    life.journal.add('RecordCampaignResponse', induced.at + MINUTE, {
      ...response,
      responseId: `${customerId}-bought`,
      kind: 'purchase',
      orderId: induced.orderId,
    });
  else if (chance.happens(0.04))
    life.journal.add('RecordCampaignResponse', launchedAt + chance.whole(4, 20) * DAY, {
      ...response,
      responseId: `${customerId}-answered`,
      kind: 'answer',
      note: 'Thank you, but I have all I need for this year.',
    });
};

/** Another system, that knows nothing of the hold-out, writes to some of its members. */
export const contaminate = (
  journal: Journal,
  { campaignId, launchedAt, channel }: Campaign,
  members: readonly Membership[],
): void => {
  for (const [index, { customerId }] of members.filter(({ heldOut }) => heldOut).entries())
    if (index % CONTAMINATED === 0)
      journal.add('RecordTouch', launchedAt + 3 * DAY, {
        campaignId,
        customerId,
        touchId: `${customerId}-elsewhere`,
        touch: 'sent',
        channel,
        detail: 'sent by the agency',
      });
};
