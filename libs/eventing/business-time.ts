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
  const at = DateTime.fromISO(value, { zone });
  if (!at.isValid) throw problem('is not a date of the calendar');
  if (at.year < EARLIEST) throw problem(`must not be before the year ${EARLIEST}`);
  if (at.toMillis() > now + CLOCK_SKEW_MS) throw problem('must not lie in the future');
  return {
    occurredAt: new Date(at.toMillis()).toISOString(),
    businessDate: bare ? value : (at.toISODate() as string),
  };
};

/** The business date some days later, or earlier where `days` is negative. */
export const addDays = (date: string, days: number): string =>
  DateTime.fromISO(date, { zone: 'utc' }).plus({ days }).toISODate() as string;

/** Today in the business zone. */
export const today = (zone: string, now: number): string =>
  DateTime.fromMillis(now, { zone }).toISODate() as string;
