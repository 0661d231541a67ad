import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readCases } from './projection-case.js';
import { SpecEngine } from './projection-spec.js';
import { newProjection } from './projection-template.js';

describe('a new projection', () => {
  const dir = mkdtempSync(join(tmpdir(), 'perennial-'));
  const infra = join(dir, 'clickhouse');
  const projections = join(infra, 'projections');

  beforeAll(() => cpSync(join(import.meta.dirname, '../../infra/clickhouse'), infra, { recursive: true }));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('works as it is written, and so does its spec', async () => {
    const [sql, spec] = newProjection('first_orders', projections);
    expect([sql, spec]).toEqual([
      join(projections, 'first_orders.sql'),
      join(projections, 'first_orders.spec.yaml'),
    ]);
    const engine = await SpecEngine.open(join(dir, 'warehouse'), infra);
    try {
      for (const projectionCase of readCases(spec as string))
        expect(await engine.check(projectionCase)).toEqual([]);
      const [shown] = readCases(spec as string);
      if (!shown) throw new Error('the template has no case');
      const wrong = { ...shown, expect: { first_orders: [{ order_id: 'another' }] } };
      expect((await engine.check(wrong))[0]).toEqual({
        view: 'first_orders',
        arrival: 'in one batch',
        expected: [{ order_id: 'another' }],
        actual: [{ order_id: 'o1' }],
      });
    } finally {
      await engine.close();
    }
  });

  it('needs a name that a view can have, and that is free', () => {
    for (const name of ['', 'Orders', 'orders-2', '2orders', 'orders_v2', '../orders'])
      expect(() => newProjection(name, projections)).toThrow(/cannot be the name of a view/);
    expect(() => newProjection('purchases', projections)).toThrow(/is there already/);
  });
});
