import { DateTime } from 'luxon';
import { invalid } from './errors.js';

export interface BusinessTime {
  /** ISO 8601 instant in UTC. */
  readonly occurredAt: string;
  /** `YYYY-MM-DD` in the business zone. */
  readonly businessDate: string;
}

const BARE_DATE = /^\d{4}-\d{2}-\d{2}$/;
const WITH_OFFSET = /(Z|[+-]\d{2}:?\d{2})$/;
/** Clocks differ a little between machines; more than this is a mistake. */
const CLOCK_SKEW_MS = 5 * 60_000;
const EARLIEST = 1900;

/**
 * Reads an `occurredAt` from outside: an instant with offset, or a bare date, which keeps its day in every zone.
 * @param zone IANA name of the business zone
 * @throws PerennialError `invalid-time` for what is neither, for the future, and for years before 1900
 */
export const businessTime = (value: string, zone: string, now: number): BusinessTime => {
  const problem = (reason: string) =>
    invalid('invalid-time', `occurredAt ${reason}`, [{ path: 'occurredAt', reason }]);
  const bare = BARE_DATE.test(value);
  if (!bare && !WITH_OFFSET.test(value))
    throw problem('must be an instant with offset (2024-05-01T10:00:00Z) or a date (2024-05-01)');
  const millis = bare ? startOfDay(value, zone) : instant(value);
  if (Number.isNaN(millis)) throw problem('is not a date of the calendar');
  const businessDate = bare ? value : dateIn(zone, millis);
  if (businessDate < String(EARLIEST) || businessDate.length !== 10)
    throw problem(`must not be before the year ${EARLIEST}`);
  if (millis > now + CLOCK_SKEW_MS) throw problem('must not lie in the future');
  return { occurredAt: new Date(millis).toISOString(), businessDate };
};

// Luxon takes 26 µs for an instant in a zone, half of what a command may cost. So the common form of an instant is
// read by Date, and what Luxon says of a day is remembered: commands come from few different days.

const COMMON_FORM =
  /^\d{4}-\d{2}-([01]\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,3})?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;

/** NaN for what is no instant. Days after the 28th are left to Luxon, because Date takes a 31 February. */
const instant = (value: string): number => {
  if (COMMON_FORM.test(value)) return Date.parse(value);
  const at = DateTime.fromISO(value, { zone: 'utc' });
  return at.isValid ? at.toMillis() : Number.NaN;
};

const MAX_REMEMBERED = 20_000;

const remembering = <Key, Value>(find: (key: Key, zone: string) => Value) => {
  const byZone = new Map<string, Map<Key, Value>>();
  return (key: Key, zone: string): Value => {
    const known = byZone.get(zone) ?? new Map<Key, Value>();
    byZone.set(zone, known);
    let value = known.get(key);
    if (value === undefined) {
      value = find(key, zone);
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(key, value);
    }
    return value;
  };
};

/** The instant at which a day begins in the zone; NaN for what is no day. */
const startOfDay = remembering((date: string, zone) => {
  const at = DateTime.fromISO(date, { zone });
  return at.isValid ? at.toMillis() : Number.NaN;
});

const DAY_MS = 86_400_000;

/** What the zone adds to UTC all through a day of UTC; null when it changes on that day. */
const offsetOn = remembering((utcDay: number, zone): number | null => {
  const offsetAt = (millis: number) => DateTime.fromMillis(millis, { zone }).offset;
  const offset = offsetAt(utcDay * DAY_MS);
  return offset === offsetAt((utcDay + 1) * DAY_MS) ? offset : null;
});

const dateIn = (zone: string, millis: number): string => {
  const offset = offsetOn(Math.floor(millis / DAY_MS), zone);
  if (offset === null) return DateTime.fromMillis(millis, { zone }).toISODate() as string;
  return new Date(millis + offset * 60_000).toISOString().slice(0, -14);
};

/** The business date some days later, or earlier where `days` is negative. */
export const addDays = (date: string, days: number): string =>
  DateTime.fromISO(date, { zone: 'utc' }).plus({ days }).toISODate() as string;

/** Today in the business zone. */
export const today = (zone: string, now: number): string => dateIn(zone, now);
