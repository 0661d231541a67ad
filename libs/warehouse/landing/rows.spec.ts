import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { landingProblem } from '#event-stream/landing-problem';
import { eventLine } from '#test/support/event-line';
import { migrate } from '../migrations.js';
import { openWarehouse, type Warehouse } from '../warehouse.js';
import { asLetter, batchOf, joined, linesOf, select } from './rows.js';

const SCHEMA = join(import.meta.dirname, '../../../infra/clickhouse/schema');

const record = (offset: number, line = eventLine(offset)) => ({ offset, line, checked: false });

describe('a batch', () => {
  it('has partition and offset in front of every row, and apart what cannot be landed', () => {
    const batch = batchOf(3, [record(7), record(8, 'nonsense')]);
    expect(batch.rows.toString()).toBe(`{"partition":3,"offset":7,${eventLine(7).slice(1)}\n`);
    expect(batch.records).toBe(2);
    expect(batch.letters).toEqual([{ offset: 8, line: 'nonsense', reason: 'is not one line of JSON' }]);
  });

  it('can be cut and joined', () => {
    const batch = batchOf(3, [record(7), record(8, 'nonsense'), record(9), record(10)]);
    const early = select(batch, (offset) => offset < 9);
    const late = select(batch, (offset) => offset >= 9);
    expect([early.records, late.records]).toEqual([2, 2]);
    expect(joined([early, late])).toEqual(batch);
    expect(linesOf(batch.rows)).toHaveLength(3);
  });

  it('gives back a row as it came', () => {
    const [row] = linesOf(batchOf(3, [record(7)]).rows);
    expect(asLetter(row!, 'why')).toEqual({ offset: 7, line: eventLine(7), reason: 'why' });
  });
});

describe('what we take for landable', () => {
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
        const landable = changes
          .map((change) => eventLine(0, change))
          .filter((text) => landingProblem(text) === undefined);
        if (landable.length === 0) return;
        const first = offset;
        await warehouse.insertLines(
          'crm.events',
          batchOf(
            0,
            landable.map((text) => ({ offset: offset++, line: text, checked: true })),
          ).rows,
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
