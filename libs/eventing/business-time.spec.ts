import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { businessTime } from '#eventing/business-time';

const NOW = Date.parse('2024-06-01T12:00:00Z');

const ask = (value: string, zone = 'Europe/Berlin') => businessTime(value, zone, NOW);

describe('businessTime', () => {
  it('keeps the instant and the day it was in the business zone', () => {
    expect(ask('2024-05-01T23:30:00Z')).toEqual({
      occurredAt: '2024-05-01T23:30:00.000Z',
      businessDate: '2024-05-02',
    });
    expect(ask('2024-05-01T01:00:00.5+09:00')).toEqual({
      occurredAt: '2024-04-30T16:00:00.500Z',
      businessDate: '2024-04-30',
    });
  });
  it.each(['Pacific/Kiritimati', 'UTC', 'America/Los_Angeles'])('never shifts a bare date in %s', (zone) => {
    expect(ask('2024-02-29', zone).businessDate).toBe('2024-02-29');
  });
  it('takes a clock that is a little fast', () => {
    expect(ask('2024-06-01T12:04:00Z').businessDate).toBe('2024-06-01');
  });
  it.each([
    ['2024-06-01T12:06:00Z', 'must not lie in the future'],
    ['2024-06-02', 'must not lie in the future'],
    ['1899-12-31', 'must not be before the year 1900'],
    ['1812-05-01T10:00:00Z', 'must not be before the year 1900'],
    ['-271821-04-20T00:00:00Z', 'must not be before the year 1900'],
    ['2024-02-30', 'is not a date of the calendar'],
    ['2024-02-30T10:00:00Z', 'is not a date of the calendar'],
    ['2024-05-01T25:00:00Z', 'is not a date of the calendar'],
    ['yesterday Z', 'is not a date of the calendar'],
    ['2024-05-01T10:00:00', 'must be an instant with offset (2024-05-01T10:00:00Z) or a date (2024-05-01)'],
    ['', 'must be an instant with offset (2024-05-01T10:00:00Z) or a date (2024-05-01)'],
  ])('refuses %j: it %s', (value, reason) => {
    expect(() => ask(value)).toThrow(expect.objectContaining({ fields: [{ path: 'occurredAt', reason }] }));
  });
  it('says the same as Luxon, also around the changes of the clock', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/St_Johns',
      'Asia/Kathmandu',
      'Pacific/Apia',
      'Africa/Cairo',
    ];
    const around = fc.constantFrom(
      '2023-03-26T01:00',
      '2023-10-29T01:00',
      '2011-12-30T10:00',
      '1993-08-20T12:00',
    );
    const anywhere = fc.date({ min: new Date('1901-01-01'), max: new Date(NOW), noInvalidDate: true });
    const instants = fc.oneof(
      anywhere,
      fc
        .tuple(around, fc.integer({ min: -200_000_000, max: 200_000_000 }))
        .map(([at, millis]) => new Date(Date.parse(`${at}:00Z`) + millis)),
    );
    fc.assert(
      fc.property(
        instants,
        fc.constantFrom(...zones),
        fc.integer({ min: -14, max: 14 }),
        (at, zone, offset) => {
          const written = DateTime.fromJSDate(at, {
            zone: `UTC${offset < 0 ? offset : `+${offset}`}`,
          }).toISO();
          expect(businessTime(written as string, zone, NOW)).toEqual({
            occurredAt: at.toISOString(),
            businessDate: DateTime.fromJSDate(at, { zone }).toISODate(),
          });
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});
