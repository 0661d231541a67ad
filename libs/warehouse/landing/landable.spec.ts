import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { migrate } from '../migrations.js';
import { openWarehouse, type Warehouse } from '../warehouse.js';
import { landedLine, landingProblem, MAX_LINE_LENGTH } from './landable.js';

const SCHEMA = join(import.meta.dirname, '../../../infra/clickhouse/schema');

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

describe('what passes', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;
  beforeAll(async () => {
    warehouse = await openWarehouse({ dir });
    await migrate(warehouse, SCHEMA);
  });
  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const strange = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('\\', '"', '{', '}', '\u0000', '\n', '\ud83c', '\udf37', 'ö', ' ') }),
  );
  const day = fc.constantFrom('2024-02-29', '1900-01-01', '2299-12-31', '2024-04-31', '1969-12-31');
  const lines = fc.record({
    position: fc.nat(Number.MAX_SAFE_INTEGER),
    stream: strange,
    actor: strange,
    customer_id: strange,
    schema_version: fc.nat(70_000),
    business_date: day,
    occurred_at: fc
      .tuple(day, fc.constantFrom('T00:00:00Z', 'T23:59:59.999Z'))
      .map((parts) => parts.join('')),
    data: fc.oneof(fc.dictionary(strange, fc.jsonValue()), fc.jsonValue().map(String), strange),
  });

  it('is taken by the engine, and comes out as it went in', async () => {
    let offset = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(lines, { minLength: 20, maxLength: 60 }), async (changes) => {
        const landable = changes.map(line).filter((text) => landingProblem(text) === undefined);
        if (landable.length === 0) return;
        const first = offset;
        await warehouse.insertLines(
          'crm.events',
          landable.map((text) => landedLine(0, offset++, text)).join(''),
        );
        const rows = await warehouse.rows<Record<string, unknown>>(
          'SELECT stream, actor, toString(business_date) AS business_date, data FROM crm.events WHERE offset >= {first:UInt64} ORDER BY offset',
          { first },
        );
        expect(rows).toEqual(
          landable.map((text) => {
            const { stream, actor, business_date, data } = JSON.parse(text);
            return {
              stream,
              actor,
              business_date,
              data: typeof data === 'string' ? data : JSON.stringify(data),
            };
          }),
        );
      }),
      { numRuns: 30, seed: 20240501 },
    );
  });
});
