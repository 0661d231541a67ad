import type { Chance } from './chance.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const WEEK = 7 * DAY;

/** How busy each month is in a shop for life outdoors, 1 being an ordinary one. */
const SEASON = [0.8, 0.75, 0.95, 1.2, 1.35, 1.25, 1.05, 0.9, 1, 0.8, 0.85, 1.35];
export const BUSIEST = Math.max(...SEASON);

/** January and July: what did not sell in the season goes for less. */
const SALES = new Set([0, 6]);

export const season = (at: number): number => SEASON[new Date(at).getUTCMonth()] as number;

export const isSale = (at: number): boolean => SALES.has(new Date(at).getUTCMonth());

export const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export const startOfDay = (at: number): number => Math.floor(at / DAY) * DAY;

/** The days that are simulated, first and last included. Moments are milliseconds since 1970, as Date has them. */
export class Calendar {
  readonly start: number;
  /** The first moment that is not simulated any more. */
  readonly end: number;

  constructor(
    readonly from: string,
    readonly to: string,
  ) {
    this.start = Date.parse(from);
    this.end = Date.parse(to) + DAY;
  }

  /** The two years that end on a day. */
  static endingOn(to: string): Calendar {
    const first = new Date(Date.parse(to) + DAY);
    first.setUTCFullYear(first.getUTCFullYear() - 2);
    return new Calendar(dateOf(first.getTime()), to);
  }

  /** A moment as far into the simulated time as the share says: 0 its beginning, 1 its end. */
  at(share: number): number {
    return this.start + share * (this.end - this.start);
  }
}

/** A moment of the same day at which a shop is open. */
export const inOpeningHours = (chance: Chance, at: number): number =>
  startOfDay(at) + Math.floor(chance.between(8 * HOUR, 18 * HOUR));

/** A moment of the same day at which people sit at home with a telephone: mostly in the evening. */
export const inFreeTime = (chance: Chance, at: number): number =>
  startOfDay(at) +
  Math.floor(
    chance.happens(0.65) ? chance.between(17 * HOUR, 22 * HOUR) : chance.between(7 * HOUR, 17 * HOUR),
  );
