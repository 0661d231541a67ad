import { drawPropensities, type Propensities, type SimulatedPopulation } from '#statistics/simulate';
import { type Calendar, DAY } from './calendar.js';
import { Chance } from './chance.js';
import { drawIdentity, type Identity } from './people.js';

/** Rates per week, spend in cents: about five purchases a year of 85 EUR, and great differences between people. */
const POPULATION: SimulatedPopulation = {
  purchases: { r: 0.65, alpha: 6, a: 0.6, b: 4.5 },
  spend: { p: 6, q: 4, gamma: 4200 },
};
const COMPANY_SPENDS = 2.5;

/**
 * How somebody becomes known. `card`: buys with a card that has no name on it, and may say later who he or she is.
 * `visitor`: looks around the web shop first, and is recognised later.
 */
export type Beginning = 'customer' | 'lead' | 'card' | 'visitor';

/** Somebody as nobody can see one: who it is, and what moves him or her. */
export interface Person {
  readonly number: number;
  readonly customerId: string;
  readonly company: boolean;
  readonly identity: Identity;
  readonly birthYear: number;
  readonly arrival: number;
  readonly beginning: Beginning;
  readonly propensities: Propensities;
  /** Share of what is done in the web shop and the app rather than in a store. */
  readonly digital: number;
  /** Probability of complaining about a failure; the others keep silent. */
  readonly complains: number;
  /** Recommends the shop, answers surveys, stays longer. */
  readonly fan: boolean;
  readonly referredBy?: string;
}

const BEGINNINGS: Readonly<Record<Beginning, number>> = { customer: 76, lead: 15, card: 5, visitor: 4 };
const COMPANIES = 0.07;
const FANS = 0.08;
const REFERRED = 0.12;
/** Nobody arrives in the last days: there would be nothing to tell of them. */
const LAST_ARRIVAL = 0.97;

/** Everybody who comes to the shop, in the order of their arrival. */
export const drawPeople = (seed: number, count: number, calendar: Calendar): Person[] => {
  const chance = Chance.of(seed, 'arrivals');
  // More at the beginning: the shop takes its old customers over into the new system.
  const arrivals = Array.from({ length: count }, () =>
    Math.floor(calendar.at(LAST_ARRIVAL * chance.between(0, 1) ** 1.4)),
  ).sort((a, b) => a - b);
  const people: Person[] = [];
  const fans: Person[] = [];
  for (const [index, arrival] of arrivals.entries()) {
    const person = drawPerson(Chance.of(seed, 'person', index + 1), index + 1, arrival, fans);
    people.push(person);
    if (person.fan && person.beginning === 'customer') fans.push(person);
  }
  return people;
};

const drawPerson = (chance: Chance, number: number, arrival: number, fans: readonly Person[]): Person => {
  const company = chance.happens(COMPANIES);
  const beginning = company ? chance.pick(['customer', 'lead'] as const) : chance.weighted(BEGINNINGS);
  const drawn = drawPropensities(chance.random, POPULATION);
  const fan = chance.happens(FANS);
  const referrer = chance.happens(REFERRED) && fans.length > 0 ? chance.pick(fans) : undefined;
  return {
    number,
    customerId: `C-${String(number).padStart(5, '0')}`,
    company,
    identity: drawIdentity(chance, number, company),
    birthYear: chance.whole(1945, 2004),
    arrival,
    beginning,
    propensities: {
      ...drawn,
      dropoutProbability: drawn.dropoutProbability * (fan ? 0.4 : 1),
      meanSpend: drawn.meanSpend * (company ? COMPANY_SPENDS : 1),
    },
    digital: chance.between(0.1, 0.9),
    complains: chance.between(0.15, 0.6),
    fan,
    ...(referrer &&
      beginning !== 'card' &&
      arrival - referrer.arrival > 10 * DAY && { referredBy: referrer.customerId }),
  };
};
