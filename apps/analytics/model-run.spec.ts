import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import type { ModelRunCommand } from '#crm/model-run/model-run-types';
import { packageRoot } from '#platform/package-root';
import { type LandedEvent, LandedWarehouse } from '#test/support/landed-warehouse';
import { type ModelRunPorts, runModel } from './model-run.js';

/** Twelve-month values of customers 1 to 10 at 1 % a month, published for this data and recomputed. */
const CLV = [36.274, 4.641, 8.345, 8.345, 8.345, 283.558, 6.882, 8.345, 43.359, 8.345];
const SPEND = [24.6539, 18.91, 35.1704, 35.1704, 35.1704, 71.4647, 18.91, 35.1704, 27.2819, 35.1704];

const cdnow = (): LandedEvent[] =>
  (
    parse(readFileSync(join(packageRoot(), 'test/fixtures/cdnow/cdnow_sample.csv')), {
      columns: true,
      trim: true,
    }) as Record<string, string>[]
  ).map(({ customer_id, date, amount }, i) => ({
    stream: `purchase-${i}`,
    type: 'PurchaseRecorded',
    customerId: customer_id,
    businessDate: date as string,
    data: { orderId: String(i), customerId: customer_id, total: { amount, currency: 'USD' } },
  }));

describe('models on the CDNOW sample, through the warehouse', () => {
  let landed: LandedWarehouse;
  const recorded: ModelRunCommand[] = [];
  let ports: ModelRunPorts;

  beforeAll(async () => {
    landed = await LandedWarehouse.open(['purchase_ledger']);
    await landed.land(cdnow());
    ports = {
      warehouse: landed.warehouse,
      landedPosition: () => landed.last,
      waitFor: async () => true,
      handle: async (_decider, stream, command) => {
        recorded.push(command);
        return { status: 'accepted', stream, revision: 0, position: landed.last + 1 };
      },
      businessZone: 'UTC',
      now: Date.now,
    };
  });
  afterAll(() => landed.close());

  const scores = (run: string, columns: string) =>
    landed.warehouse.rows<Record<string, number>>(
      `SELECT ${columns} FROM crm.customer_scores WHERE run_id = {run:String} ORDER BY customer_id LIMIT 10`,
      { run },
    );

  it('gives the published parameters, likelihoods, spends and values', async () => {
    const run = await runModel(ports, { purpose: 'clv', asOf: '1997-09-30', timeUnit: 'week' }, 'analyst');
    expect(run).toMatchObject({ model: 'bg-nbd', asOf: '1997-09-30', timeUnit: 'week', customers: 2357 });
    expect(run.parameters.r).toBeCloseTo(0.24259, 4);
    expect(run.parameters.alpha).toBeCloseTo(4.4136, 3);
    expect(run.parameters.a).toBeCloseTo(0.79292, 3);
    expect(run.parameters.b).toBeCloseTo(2.42591, 2);
    expect(run.logLikelihood).toBeCloseTo(-9582.429, 2);
    expect(run.standardErrors.r).toBeCloseTo(0.012557, 4);
    expect(run.monetary).toMatchObject({ model: 'gamma-gamma', customers: 946 });
    expect(run.monetary?.parameters.p).toBeCloseTo(6.2496, 2);
    expect(run.monetary?.parameters.q).toBeCloseTo(3.7442, 3);
    expect(run.monetary?.parameters.gamma).toBeCloseTo(15.4435, 2);
    expect(run.monetary?.logLikelihood).toBeCloseTo(-4055.918, 2);
    expect(run.options).toMatchObject({ currency: 'USD', value: 'revenue', months: 12 });
    expect(run.backtest).toMatchObject({ losesToBaseline: false });
    expect(run.published).toBe(true);
    expect(recorded.at(-1)).toMatchObject({ type: 'RecordModelRun', data: { modelRunId: run.modelRunId } });
    const rows = await scores(
      run.modelRunId,
      'toFloat64(clv) AS clv, toFloat64(expected_spend) AS spend, toFloat64(clv_low) AS low, toFloat64(clv_high) AS high',
    );
    for (const [i, row] of rows.entries()) {
      expect(Math.abs((row.clv as number) / (CLV[i] as number) - 1)).toBeLessThan(0.001);
      expect(row.spend).toBeCloseTo(SPEND[i] as number, 3);
      expect(row.low).toBeLessThanOrEqual(row.clv as number);
      expect(row.high).toBeGreaterThan(row.clv as number);
    }
  });

  it('gives churn risks that beat the base rate', async () => {
    const run = await runModel(ports, { purpose: 'churn', asOf: '1998-06-30', timeUnit: 'week' }, 'analyst');
    expect(run).toMatchObject({ customers: 2357, published: true });
    const rows = await scores(
      run.modelRunId,
      'churn_risk AS risk, churn_band, p_alive, churn_horizon_days AS days',
    );
    expect(rows).toHaveLength(10);
    // Customer 3 bought once and never came back: alive by construction, and all the same most likely lost.
    expect(rows[2]).toMatchObject({ p_alive: 1, churn_band: 'high', days: 90 });
    expect(rows[2]?.risk).toBeGreaterThan(0.8);
  });

  it('gives the same numbers again as of an earlier position', async () => {
    const first = await runModel(ports, { purpose: 'clv', asOf: '1997-09-30' }, 'analyst');
    const knownAt = landed.last;
    await landed.land([
      {
        stream: 'purchase-0',
        type: 'PurchaseVoided',
        revision: 1,
        businessDate: '1998-07-01',
        data: { orderId: '0' },
      },
    ]);
    const again = await runModel(ports, { purpose: 'clv', asOf: '1997-09-30', knownAt }, 'analyst');
    const now = await runModel(ports, { purpose: 'clv', asOf: '1997-09-30' }, 'analyst');
    expect(again.parameters).toEqual(first.parameters);
    expect(now.parameters).not.toEqual(first.parameters);
  });

  it('refuses in words what nothing can be learned from, and records the failure', async () => {
    const run = runModel(ports, { purpose: 'clv', asOf: '1997-01-01' }, 'analyst');
    await expect(run).rejects.toMatchObject({
      code: 'model-run-failed',
      message: expect.stringMatching(/\w+ \w+/),
    });
    expect(recorded.at(-1)?.type).toBe('RecordModelRunFailure');
    await expect(runModel(ports, { purpose: 'clv', asOf: '1996-12-31' }, 'analyst')).rejects.toMatchObject({
      code: 'no-purchases',
    });
    await expect(runModel(ports, { purpose: 'clv', asOf: '2999-01-01' }, 'analyst')).rejects.toMatchObject({
      code: 'invalid-model-run',
    });
  });

  it('leaves no table behind', async () => {
    const tables = "SELECT name FROM system.tables WHERE database = 'crm' AND startsWith(name, 'scratch_')";
    expect(await landed.warehouse.rows(tables)).toEqual([]);
  });

  it('never adds two currencies', async () => {
    await landed.land([
      {
        stream: 'purchase-eur',
        type: 'PurchaseRecorded',
        customerId: '0001',
        businessDate: '1997-02-01',
        data: { orderId: 'eur', total: { amount: '5.00', currency: 'EUR' } },
      },
    ]);
    await expect(runModel(ports, { purpose: 'clv', asOf: '1997-09-30' }, 'analyst')).rejects.toMatchObject({
      code: 'mixed-currencies',
      message: expect.stringContaining('EUR'),
    });
    const run = await runModel(ports, { purpose: 'clv', asOf: '1997-09-30', currency: 'USD' }, 'analyst');
    expect(run.customers).toBe(2357);
  });
});
