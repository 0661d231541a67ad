import type { CampaignPhase, PrimaryMetric } from '#crm/campaign/campaign-types';
import { type Calendar, DAY, HOUR, startOfDay } from './calendar.js';
import type { Posters } from './identity.js';

export interface CampaignArm {
  readonly name: string;
  readonly share: number;
  readonly channel: string;
  /** Probability that a member buys once more in the outcome window because of it: the truth to be found. */
  readonly effect: number;
  /** Share taken off by the voucher that is in it. */
  readonly voucher: number;
  /** Of one message, in cents. */
  readonly messageCost: number;
  readonly messages: number;
}

export interface Campaign {
  readonly campaignId: string;
  readonly name: string;
  readonly goal: string;
  readonly phase: CampaignPhase;
  readonly channel: string;
  readonly primaryMetric: PrimaryMetric;
  readonly outcomeWindowDays: number;
  readonly arms: readonly CampaignArm[];
  readonly holdOut: number;
  readonly salt: string;
  /** In cents. */
  readonly plannedCost: number;
  readonly cost: number;
  readonly plannedAt: number;
  readonly launchedAt: number;
  /** By a tag that is put on its members before, or as a list. */
  readonly audience: { readonly tag: string } | 'list';
  /** Whom it is for: whoever bought last so many days before the launch. */
  readonly silentFor: { readonly least: number; readonly most: number };
}

/** The campaigns with a hold-out, by which one can tell what they did. */
export const campaignsIn = (calendar: Calendar): readonly Campaign[] => [
  winBack(calendar),
  comeBackToTheTrail(calendar),
];

/** The one that the demonstration reports: over, with a window that ended before the simulated time does. */
const comeBackToTheTrail = (calendar: Calendar): Campaign => {
  const launchedAt = startOfDay(calendar.end - 70 * DAY) + 9 * HOUR;
  return {
    campaignId: 'come-back-to-the-trail',
    name: 'Come back to the trail',
    goal: 'Keep customers who have become silent',
    phase: 'retention',
    channel: 'email',
    primaryMetric: 'conversion',
    outcomeWindowDays: 45,
    arms: [
      arm('voucher', 0.5, { channel: 'email', effect: 0.22, voucher: 0.15, messageCost: 4, messages: 2 }),
      arm('letter', 0.5, { channel: 'post', effect: 0.1, voucher: 0, messageCost: 95, messages: 1 }),
    ],
    holdOut: 0.34,
    salt: 'come-back-to-the-trail',
    plannedCost: 60_000,
    cost: 72_500,
    plannedAt: launchedAt - 14 * DAY,
    launchedAt,
    audience: { tag: 'silent' },
    silentFor: { least: 30, most: 400 },
  };
};

const winBack = (calendar: Calendar): Campaign => {
  const launchedAt = startOfDay(calendar.at(0.55)) + 10 * HOUR;
  return {
    campaignId: 'win-back-calls',
    name: 'Win-back calls',
    goal: 'Hear why customers stay away, and bring some back',
    phase: 'win-back',
    channel: 'phone',
    primaryMetric: 'revenue',
    outcomeWindowDays: 30,
    arms: [arm('call', 1, { channel: 'phone', effect: 0.06, voucher: 0.1, messageCost: 450, messages: 1 })],
    holdOut: 0.1,
    salt: 'win-back-calls',
    plannedCost: 20_000,
    cost: 18_000,
    plannedAt: launchedAt - 7 * DAY,
    launchedAt,
    audience: 'list',
    silentFor: { least: 200, most: 330 },
  };
};

const arm = (name: string, share: number, how: Omit<CampaignArm, 'name' | 'share'>): CampaignArm => ({
  name,
  share,
  ...how,
});

/** Mass advertising: nobody knows who saw it. */
export const postersIn = (calendar: Calendar): Posters => {
  const from = startOfDay(calendar.at(0.3)) + 8 * HOUR;
  return { campaignId: 'spring-posters', from, until: from + 42 * DAY };
};
