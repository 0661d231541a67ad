import { netOf } from './basket.js';
import { BUSIEST, type Calendar, DAY, HOUR, season, WEEK } from './calendar.js';
import { type Campaign, campaignsIn, postersIn } from './campaigns.js';
import { Chance } from './chance.js';
import { contactsAround, contactsBetween } from './contacts.js';
import { perhapsContract } from './contracts.js';
import {
  ageWith,
  becomeKnown,
  convert,
  nameCard,
  type Posters,
  perhapsClose,
  perhapsDuplicate,
} from './identity.js';
import { Journal, type SimulatedCommand } from './journal.js';
import { Life } from './life.js';
import { contaminate, type Membership, takePart } from './membership.js';
import { drawPeople } from './person.js';
import { perhapsReturn } from './returns.js';
import { LOST_AFTER, perhapsFail } from './service.js';
import { buy } from './shopping.js';
import {
  complainAtLength,
  failAltogether,
  failToLaunch,
  importMailing,
  putUpPosters,
  runCampaign,
  strangers,
  tryOut,
} from './world.js';

export interface SimulationOptions {
  /** The same seed gives the same company. */
  readonly seed: number;
  readonly customers: number;
  readonly calendar: Calendar;
}

/** What a campaign truly did to an arm: nobody could know it of a company that is not made up. */
export interface TrueEffect {
  readonly campaignId: string;
  readonly arm: string;
  readonly members: number;
  /** Share of the members who bought and would not have bought without the campaign. */
  readonly conversion: number;
  /** What the members spent because of the campaign, per member, without tax. */
  readonly moneyPerMember: number;
}

export interface Simulation {
  /** In the order in which it happens. */
  readonly commands: readonly SimulatedCommand[];
  readonly effects: readonly TrueEffect[];
}

/** Two years of a shop for life outdoors with stores, a web shop, an app and a service contract. */
export const simulate = ({ seed, customers, calendar }: SimulationOptions): Simulation => {
  const journal = new Journal();
  const posters = postersIn(calendar);
  const people = drawPeople(seed, customers, calendar);
  const lives = people.map((person) => live(new Life(person, calendar, journal, seed), posters));
  const effects = campaignsIn(calendar).flatMap((campaign) => {
    const members = lives.flatMap((life) => takePart(life, campaign, seed) ?? []);
    runCampaign(
      journal,
      campaign,
      members.map(({ customerId }) => customerId),
    );
    contaminate(journal, campaign, members);
    return trueEffects(campaign, members);
  });
  const chance = Chance.of(seed, 'world');
  tryOut(journal, calendar);
  putUpPosters(journal, posters);
  failToLaunch(journal, calendar);
  importMailing(journal, chance, calendar, people);
  failAltogether(journal, chance, calendar);
  complainAtLength(journal, chance, calendar);
  strangers(journal, chance, calendar, Math.ceil(customers / 2));
  mistakeSomebody(journal, calendar, lives);
  eraseSomebody(journal, calendar, lives);
  return { commands: journal.before(calendar.end), effects };
};

/** All that somebody does of his or her own accord. */
const live = (life: Life, posters: Posters): Life => {
  becomeKnown(life, posters);
  perhapsDuplicate(life);
  goShopping(life, posters);
  perhapsContract(life);
  perhapsClose(life);
  contactsBetween(life);
  return life;
};

const LEADS_THAT_BUY = 0.6;
const CARDS_THAT_GET_A_NAME = 0.6;

const goShopping = (life: Life, posters: Posters): void => {
  const { person, chance, calendar } = life;
  if (person.beginning === 'lead' && !chance.happens(LEADS_THAT_BUY)) return;
  const nameAt =
    person.beginning === 'card' && chance.happens(CARDS_THAT_GET_A_NAME) ? chance.whole(2, 3) : 0;
  let at = firstVisit(life);
  for (let count = 1; at < calendar.end; count++, at = nextVisit(life, at)) {
    if (count === nameAt) nameCard(life, at - HOUR, posters);
    const order = buy(life, at);
    if (count === 1 && person.beginning === 'lead') convert(life, order.at + HOUR);
    contactsAround(life, order);
    const experience = perhapsFail(life, order);
    perhapsReturn(life, order);
    if (life.registeredAt !== undefined) ageWith(life, count, order.at);
    const ownWill = count > 1 ? person.propensities.dropoutProbability : 0;
    if (chance.happens(Math.min(0.95, ownWill + LOST_AFTER[experience]))) {
      life.lostAt = order.at;
      return;
    }
    at = order.at;
  }
};

const firstVisit = ({ person, chance, registeredAt }: Life): number => {
  switch (person.beginning) {
    case 'lead':
      return person.arrival + chance.whole(3, 60) * DAY;
    case 'visitor':
      return (registeredAt ?? person.arrival) + HOUR;
    case 'customer':
    case 'card':
      return person.arrival + HOUR;
  }
};

/** Purchases come by chance, at the person's own rate, the rather the busier the season. */
const nextVisit = ({ person, chance }: Life, after: number): number => {
  const rate = person.propensities.purchaseRate * BUSIEST;
  let at = after;
  do at += Math.max(HOUR, (-Math.log(chance.between(0, 1)) / rate) * WEEK);
  while (at < after + 10 * 365 * DAY && !chance.happens(season(at) / BUSIEST));
  return at;
};

const trueEffects = ({ campaignId, arms }: Campaign, members: readonly Membership[]): TrueEffect[] =>
  arms.map(({ name: arm }) => {
    const inArm = members.filter((member) => member.arm === arm);
    const won = inArm.filter(({ boughtAnyway, induced }) => induced && !boughtAnyway).length;
    const cents = inArm.reduce((sum, { induced }) => sum + (induced ? netOf(induced.basket) : 0), 0);
    const perMember = (sum: number) => (inArm.length > 0 ? sum / inArm.length : 0);
    return {
      campaignId,
      arm,
      members: inArm.length,
      conversion: perMember(won),
      moneyPerMember: perMember(cents) / 100,
    };
  });

/** Somebody tries to merge a customer who is merged already: the server says no, and lets go of the other. */
const mistakeSomebody = (journal: Journal, calendar: Calendar, lives: readonly Life[]): void => {
  const at = calendar.end - 40 * DAY;
  const merged = lives.find(({ duplicate }) => duplicate && !duplicate.undone && duplicate.mergedAt < at);
  const other = lives.find(({ duplicate, registeredAt = at }) => !duplicate && registeredAt < at);
  if (!merged?.duplicate || !other) return;
  const { customerId } = merged.duplicate;
  const into = other.person.customerId;
  journal.add('MergeCustomer', at, { customerId, into, reason: 'duplicate' }, { refusal: 'customer-merged' });
};

/** At the very end one customer asks to be forgotten, and with him or her the duplicate. */
const eraseSomebody = (journal: Journal, calendar: Calendar, lives: readonly Life[]): void => {
  const life =
    lives.findLast(({ duplicate }) => duplicate && !duplicate.undone) ??
    lives.find(({ registeredAt }) => registeredAt !== undefined);
  if (!life) return;
  const { customerId } = life.person;
  journal.add('EraseCustomer', calendar.end - 1, { customerId, reason: 'requested' }, { alone: true });
};
