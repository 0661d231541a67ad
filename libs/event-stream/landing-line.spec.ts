import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { RecordedEvent } from '#eventing/event';
import { landingLine } from './landing-line.js';
import { landingProblem, MAX_LINE_LENGTH } from './landing-problem.js';

const event = {
  position: 7,
  event_id: 'b6b0c3f4-5d6e-5a2f-9c1d-7e8f90a1b2c3',
  stream: 'purchase-1',
  revision: 0,
  type: 'PurchaseRecorded',
  schema_version: 1,
  customer_id: 'anna',
  occurred_at: '2024-05-01T10:00:00.123Z',
  business_date: '2024-05-01',
  recorded_at: '2024-05-01T10:00:01.000Z',
  actor: 'shop',
  command_id: 'c',
  correlation_id: 'c',
  causation_id: '',
  data: { total: '1.00' } as unknown,
};

const line = (change: object = {}) => JSON.stringify({ ...event, ...change });

describe('landingProblem', () => {
  it.each([
    ['an event', line()],
    ['a field that this version does not know', line({ tenant: 'x' })],
    ['data that is not an object, as JSON in a string', line({ data: '[1, 2]' })],
    ['a leap day', line({ business_date: '2024-02-29' })],
    ['characters of every kind', line({ stream: 'größe "\\ \u0000 🌷' })],
    ['an escaped pair', line().replace('anna', '\\ud83c\\udf37')],
    ['half a character within the data, which stays an escape', line({ data: { note: '\ud83c' } })],
  ])('lets pass %s', (_, text) => expect(landingProblem(text)).toBeUndefined());

  it.each([
    ['nothing', '', 'is not one line of JSON'],
    ['half a line', line().slice(0, -1), 'is not one line of JSON'],
    ['two lines', `{\n${line().slice(1)}`, 'is not one line of JSON'],
    ['an array', '[]', 'is not one line of JSON'],
    ['null', 'null', 'is not one line of JSON'],
    ['a missing field', line({ stream: undefined }), 'stream is missing'],
    ['a number in quotes', line({ position: '7' }), 'position must be a non-negative integer'],
    ['a negative revision', line({ revision: -1 }), 'revision must be a non-negative integer'],
    ['a version beyond the column', line({ schema_version: 65536 }), 'schema_version must be'],
    ['an id that is none', line({ event_id: 'x' }), 'event_id must be a UUID'],
    ['a null', line({ customer_id: null }), 'customer_id must be a string'],
    ['a date for an instant', line({ occurred_at: '2024-05-01' }), 'occurred_at must be an instant'],
    ['an hour that is none', line({ occurred_at: '2024-05-01T24:00:00Z' }), 'occurred_at must be an instant'],
    ['a day that is none', line({ recorded_at: '2023-02-29T10:00:00Z' }), 'recorded_at must be an instant'],
    ['a day before the column', line({ business_date: '1899-12-31' }), 'business_date must be a date'],
    ['an array as data', line({ data: [] }), 'data must be an object'],
    ['data that is not JSON', line({ data: '{' }), 'data must be an object'],
    ['half a character', line({ actor: '\ud83c' }), 'actor contains half a character'],
    ['its own offset', line({ offset: 3 }), 'gives partition or offset itself'],
    ['too much', line({ data: { x: 'x'.repeat(MAX_LINE_LENGTH) } }), 'characters, more than'],
  ])('refuses %s', (_, text, reason) => expect(landingProblem(text)).toContain(reason));
});

const recorded: RecordedEvent = {
  id: event.event_id,
  type: event.type,
  schemaVersion: 1,
  data: { total: '1.00' },
  stream: event.stream,
  revision: 0,
  position: 7,
  recordedAt: event.recorded_at,
  metadata: {
    customerId: 'anna',
    occurredAt: event.occurred_at,
    businessDate: event.business_date,
    actor: 'shop',
    commandId: 'c',
    correlationId: 'c',
    causationId: null,
  },
};

describe('landingLine', () => {
  it('is the line of crm.events, with the data as they are stored', () => {
    expect(landingLine(recorded)).toEqual({ line: line(), checked: true });
    expect(landingLine({ ...recorded, dataJson: '{ "total" : 1.00 }' }).line).toContain(
      '"data":{ "total" : 1.00 }}',
    );
    expect(JSON.parse(landingLine({ ...recorded, data: [1, 'x'] }).line).data).toBe('[1,"x"]');
  });

  it('does not touch the data where there is text', () => {
    const stored = Object.defineProperty({ ...recorded, dataJson: '{}' }, 'data', {
      get: () => {
        throw new Error('parsed');
      },
    });
    expect(landingLine(stored).line).toContain('"data":{}');
  });

  it('is never called checked when it could not be landed', () => {
    const day = fc.constantFrom('2024-02-29', '2023-02-29', '1899-12-31', '2300-01-01', '2024-04-31', 'x');
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\ud83c', '\udf37', '\n'),
    );
    fc.assert(
      fc.property(
        day,
        day,
        text,
        text,
        fc.nat(70_000),
        (occurred, business, stream, actor, schemaVersion) => {
          const { line: text, checked } = landingLine({
            ...recorded,
            stream,
            schemaVersion,
            metadata: {
              ...recorded.metadata,
              actor,
              occurredAt: `${occurred}T10:00:00Z`,
              businessDate: business,
            },
          });
          return !checked || landingProblem(text) === undefined;
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});
