import { DAY, HOUR, inFreeTime, MINUTE } from './calendar.js';
import { contact } from './contacts.js';
import type { DataOf } from './journal.js';
import { cardId, type Life, visitorId } from './life.js';
import { drawAddress } from './people.js';

/** How somebody heard of the shop. */
const SOURCES = { store: 40, web: 30, social: 12, fair: 10, partner: 8 };
/** One in seventy registers a second time, on another telephone or in another store. */
const registersTwice = (number: number): boolean => number % 70 === 7;
/** And one in seven of these was not the same person after all. */
const isSomebodyElse = (number: number): boolean => number % 490 === 77;

export interface Posters {
  readonly campaignId: string;
  readonly from: number;
  readonly until: number;
}

/** The shop learns the name: at once, or after a time as somebody without one. */
export const becomeKnown = (life: Life, posters: Posters): void => {
  const { person, chance } = life;
  switch (person.beginning) {
    case 'customer':
    case 'lead':
      register(life, person.arrival, posters);
      break;
    case 'card':
      life.knownAs(cardId(person.number), 0, Number.POSITIVE_INFINITY);
      break;
    case 'visitor': {
      const named = person.arrival + chance.whole(2, 12) * DAY;
      life.knownAs(visitorId(person.number), 0, named);
      for (let at = person.arrival; at < named; at += chance.whole(20, 100) * HOUR)
        contact(life, at, { channel: 'web', direction: 'inbound', kind: 'page-view', durationSeconds: 120 });
      register(life, named, posters);
      identify(life, visitorId(person.number), named + MINUTE);
    }
  }
};

/** Whoever bought with a card gives the name at last. */
export const nameCard = (life: Life, at: number, posters: Posters): void => {
  const card = cardId(life.person.number);
  life.forget(card, at);
  register(life, at, posters);
  identify(life, card, at + MINUTE);
};

const register = (life: Life, at: number, posters: Posters): void => {
  const { person, journal } = life;
  life.registeredAt = at;
  journal.add('RegisterCustomer', at, {
    customerId: person.customerId,
    ...personalDetails(life),
    stage: person.beginning === 'lead' ? 'lead' : 'customer',
    source: sourceOf(life, at, posters),
    attributes: attributesOf(life),
  });
};

const personalDetails = ({ person: { identity, company } }: Life) => ({
  kind: company ? ('company' as const) : ('person' as const),
  name: identity.name,
  email: identity.email,
  phone: identity.phone,
  address: identity.address,
});

const sourceOf = ({ person, chance }: Life, at: number, posters: Posters) => {
  if (person.referredBy) return { channel: 'referral', referredBy: person.referredBy };
  const advertised = at >= posters.from && at < posters.until && chance.happens(0.3);
  return advertised
    ? { channel: 'poster', campaignId: posters.campaignId }
    : { channel: chance.weighted(SOURCES) };
};

const attributesOf = ({ person: { company, identity, birthYear, digital }, chance }: Life) => ({
  country: identity.country,
  region: identity.region,
  postalArea: identity.postalArea,
  language: 'de',
  preferredChannel: digital > 0.5 ? 'web' : 'store',
  emailConsent: chance.happens(0.85),
  segment: company ? 'business' : chance.weighted({ hikers: 45, campers: 25, climbers: 15, families: 15 }),
  loyaltyTier: 'basic',
  ...(company
    ? { companySize: chance.pick(['1-9', '10-49', '50-249']), industry: 'leisure' }
    : { birthYear, householdSize: chance.whole(1, 5) }),
});

const identify = ({ person, journal }: Life, unnamed: string, at: number): void =>
  journal.add('MergeCustomer', at, { customerId: unnamed, into: person.customerId, reason: 'identified' });

/** A lead that buys is a lead no longer. */
export const convert = ({ person, journal }: Life, at: number): void =>
  journal.add('ChangeCustomerDetails', at, { customerId: person.customerId, stage: 'customer' });

const TIERS: Readonly<Record<number, string>> = { 4: 'silver', 10: 'gold' };

/** What loyal customers get, and what others say about themselves over time. */
export const ageWith = (life: Life, orders: number, at: number): void => {
  const { person, chance, journal, calendar } = life;
  const { customerId } = person;
  const tier = TIERS[orders];
  if (tier) {
    journal.add('ChangeCustomerDetails', at + MINUTE, { customerId, attributes: { loyaltyTier: tier } });
    journal.add('TagCustomer', at + 2 * MINUTE, { customerId, tag: tier === 'gold' ? 'vip' : 'regular' });
  }
  if (tier === 'gold') journal.add('UntagCustomer', at + 3 * MINUTE, { customerId, tag: 'regular' });
  const later = inFreeTime(chance, at + chance.whole(10, 60) * DAY);
  if (later >= calendar.end || !chance.happens(0.06)) return;
  journal.add('ChangeCustomerDetails', later, { customerId, ...changeOf(life) });
};

const changeOf = ({ person, chance }: Life): Omit<DataOf<'ChangeCustomerDetails'>, 'customerId'> => {
  switch (chance.weighted({ moved: 40, email: 25, phone: 15, consent: 20 })) {
    case 'moved':
      return { address: drawAddress(chance) };
    case 'email':
      return { email: `${person.customerId.toLowerCase()}.${chance.whole(100, 999)}@example.net` };
    case 'phone':
      return { phone: null };
    case 'consent':
      return { attributes: { emailConsent: chance.happens(0.2) } };
  }
};

/** For a time the shop takes one customer for two, until somebody notices. */
export const perhapsDuplicate = (life: Life): void => {
  const { person, chance, journal, calendar } = life;
  if (person.beginning !== 'customer' || person.company || !registersTwice(person.number)) return;
  const again = inFreeTime(chance, person.arrival + chance.whole(60, 200) * DAY);
  const noticed = again + chance.whole(30, 120) * DAY;
  if (noticed + 10 * DAY >= calendar.end) return;
  const duplicate = `${person.customerId}-2`;
  life.knownAs(duplicate, again, noticed);
  const { email, ...others } = personalDetails(life);
  journal.add('RegisterCustomer', again, {
    customerId: duplicate,
    ...others,
    email: `second.${email}`,
    stage: 'customer',
    source: { channel: 'app' },
  });
  journal.add('MergeCustomer', noticed, {
    customerId: duplicate,
    into: person.customerId,
    reason: 'duplicate',
  });
  const undone = isSomebodyElse(person.number);
  life.duplicate = { customerId: duplicate, mergedAt: noticed, undone };
  if (undone)
    journal.add('UndoCustomerMerge', noticed + 5 * DAY, { customerId: duplicate, into: person.customerId });
};

const REASONS_TO_CLOSE = { 'too-expensive': 25, 'moved-away': 30, 'no-longer-needed': 25, 'bad-service': 20 };

/** A few of those who are lost say so; of a few the shop hears otherwise. */
export const perhapsClose = (life: Life): void => {
  const { person, chance, journal, calendar } = life;
  if (life.registeredAt === undefined || life.duplicate || life.lostAt >= calendar.end) return;
  if (!chance.happens(0.08)) return;
  const at = inFreeTime(chance, life.lostAt + chance.whole(45, 150) * DAY);
  if (at >= calendar.end) return;
  life.closedAt = at;
  const initiator = chance.weighted({ customer: 88, company: 6, death: 6 });
  journal.add('CloseCustomer', at, {
    customerId: person.customerId,
    initiator,
    ...(initiator === 'customer' && {
      reason: chance.weighted(REASONS_TO_CLOSE),
      note: 'Please take me off all your lists.',
    }),
    ...(initiator === 'company' && { reason: 'unpaid-bills' }),
  });
};
