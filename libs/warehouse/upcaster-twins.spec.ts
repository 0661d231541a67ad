import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { upcasters } from '#crm/catalogue';
import { type Upcaster, Upcasters } from '#eventing/upcaster';
import { noProjector } from './boundary.js';
import { migrate } from './migrations.js';
import { eventLines } from './projection-case.js';
import { parseProjection } from './projection-file.js';
import { projectionStatus } from './projection-status.js';
import { rebuildProjection, startProjections } from './projections.js';
import { createUpcasterTwins, readUpcasterTwins, upcastData } from './upcaster-twins.js';
import { openWarehouse, type Warehouse } from './warehouse.js';

const INFRA = join(import.meta.dirname, '../../infra/clickhouse');

const SALES = `-- A row is a sale.
CREATE TABLE sales (id String COMMENT 'Id', amount String COMMENT 'Amount', currency String COMMENT 'Currency')
ENGINE = MergeTree ORDER BY id COMMENT 'Sales';
WITH JSONExtract(data, 'Tuple(id String, total Tuple(amount String, currency String))') AS d
SELECT d.id AS id, d.total.amount AS amount, d.total.currency AS currency FROM events WHERE type = 'Sold';`;

/** An event whose form changed twice: first it got a currency, then amount and currency became one field. */
const fixture: readonly Upcaster[] = [
  { type: 'Sold', fromVersion: 1, upcast: (data: { amount: string }) => ({ ...data, currency: 'EUR' }) },
  {
    type: 'Sold',
    fromVersion: 2,
    upcast: ({ amount, currency, ...rest }: { amount: string; currency: string }) => ({
      ...rest,
      total: { amount, currency },
    }),
  },
];

const TWINS = {
  'Sold-1.sql': `-- Before there were currencies, all was in EUR.
CREATE OR REPLACE FUNCTION upcast_Sold_1 AS (data) -> jsonMergePatch(data, '{"currency":"EUR"}');`,
  'Sold-2.sql': `-- Amount and currency are one.
CREATE OR REPLACE FUNCTION upcast_Sold_2 AS (data) -> jsonMergePatch(data, concat(
  '{"total":{"amount":', JSONExtractRaw(data, 'amount'), ',"currency":', JSONExtractRaw(data, 'currency'), '}}'));`,
};

describe('the SQL twins of upcasters', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  let warehouse: Warehouse;

  beforeAll(async () => {
    warehouse = await openWarehouse({ dir: join(dir, 'warehouse') });
    await migrate(warehouse, join(INFRA, 'schema'));
    mkdirSync(join(dir, 'upcasters'));
    for (const [file, sql] of Object.entries(TWINS)) writeFileSync(join(dir, 'upcasters', file), sql);
  });

  afterAll(async () => {
    await warehouse.close();
    rmSync(dir, { recursive: true });
  });

  const stored = [
    { type: 'Sold', version: 1, data: { id: 'a', amount: '1.10' } },
    { type: 'Sold', version: 2, data: { id: 'b', amount: '2', currency: 'USD' } },
    { type: 'Sold', version: 3, data: { id: 'c', total: { amount: '3', currency: 'CHF' } } },
  ];

  it('say of every stored form what the upcasters say, live and rebuilt', async () => {
    const definitions = [parseProjection('sales.sql', SALES)];
    const before = { definitions, twins: [], invalid: new Map<string, Error>() };
    const sources = { ...before, twins: readUpcasterTwins(join(dir, 'upcasters')) };
    await startProjections(warehouse, before);
    expect((await projectionStatus(warehouse, sources))[0]).toMatchObject({ state: 'changed' });

    await createUpcasterTwins(warehouse, sources.twins);
    await rebuildProjection(warehouse, sources, 'sales', noProjector(warehouse));
    const lines = eventLines(stored).map((line, offset) => JSON.stringify({ partition: 0, offset, ...line }));
    await warehouse.insertLines('crm.events', lines.join('\n'));
    const upcaster = new Upcasters(fixture);
    const expected = stored.map(({ type, version, data }) => {
      const event = { type, schemaVersion: version, data } as unknown as Parameters<
        typeof upcaster.upcast
      >[0];
      const { id, total } = upcaster.upcast(event).data as {
        id: string;
        total: { amount: string; currency: string };
      };
      return { id, ...total };
    });
    expect(await warehouse.rows('SELECT * FROM crm.sales ORDER BY id')).toEqual(expected);
    await rebuildProjection(warehouse, sources, 'sales', noProjector(warehouse));
    expect(await warehouse.rows('SELECT * FROM crm.sales ORDER BY id')).toEqual(expected);
  });

  it('leave alone what is not theirs', () => {
    expect(upcastData([])).toBe('data');
    expect(() => {
      writeFileSync(join(dir, 'upcasters', 'Sold-3.sql'), 'SELECT 1');
      readUpcasterTwins(join(dir, 'upcasters'));
    }).toThrow(/upcast_Sold_3/);
  });

  it('exist for every upcaster of the domain, and for nothing else', () => {
    const twins = readUpcasterTwins(join(INFRA, 'upcasters'));
    const named = (all: readonly { type: string; fromVersion: number }[]) =>
      all.map(({ type, fromVersion }) => `${type}-${fromVersion}`).sort();
    expect(named(twins)).toEqual(named(upcasters));
  });

  for (const { type, fromVersion, upcast } of upcasters)
    it(`of ${type}-${fromVersion} says the same as its upcaster, and as the examples`, async () => {
      const spec = join(INFRA, 'upcasters', `${type}-${fromVersion}.spec.yaml`);
      const examples: { given: object; expect: object }[] = parse(readFileSync(spec, 'utf8'));
      await createUpcasterTwins(warehouse, readUpcasterTwins(join(INFRA, 'upcasters')));
      for (const { given, expect: expected } of examples) {
        const [answer] = await warehouse.rows<{ data: string }>(
          `SELECT upcast_${type}_${fromVersion}({data:String}) AS data`,
          { data: JSON.stringify(given) },
        );
        const twin: unknown = JSON.parse(answer?.data ?? 'null');
        expect({ given, upcaster: upcast(given as never), twin }).toEqual({
          given,
          upcaster: expected,
          twin: expected,
        });
      }
    });
});
