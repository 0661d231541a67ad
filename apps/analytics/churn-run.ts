import type { JsonObject } from '#crm/model-run/model-run-types';
import {
  backtestChurn,
  CHURN_BANDS,
  calibrated,
  fitPurchaseModel,
  probabilityOfNoPurchase,
  purchaseModel,
} from '#statistics/index';
import { withColumns } from '#warehouse/columns';
import { completed } from './fitted-result.js';
import { type HoldOut, holdOut } from './hold-out.js';
import type { ModelRunPlan, ModelRunResult } from './model-run.js';
import { purchaseHistories, readDistinct, UNIT_DAYS } from './purchase-histories.js';
import type { Scratch } from './scratch.js';

/** Of the split by which the calibration is tested: the same run gives the same numbers. */
const SEED = 19_970_930;

/**
 * Churn risk of every customer: the probability of no purchase in the horizon, calibrated on what the same model
 * would have said one horizon earlier. Signals are noticed beside it and are no part of it.
 */
export const churnRun = async (scratch: Scratch, plan: ModelRunPlan): Promise<ModelRunResult> => {
  const { warehouse } = scratch;
  const { timeUnit, currency, model: name, horizonDays } = plan;
  const tables = await purchaseHistories(scratch, plan, currency);
  const past = await holdOut(scratch, tables, plan, currency, timeUnit, horizonDays);
  const tested = backtestChurn(...pastRisks(plan, past), SEED);
  const distinct = await readDistinct(warehouse, tables.histories, timeUnit);
  const fit = fitPurchaseModel(name, distinct);
  const model = purchaseModel(name, fit.parameters);
  const horizon = horizonDays / UNIT_DAYS[timeUnit];
  const risk = calibrated(tested.calibration, probabilityOfNoPurchase(model, distinct, horizon));
  const signals = await scratch.table('churn_signals', {
    asOf: plan.asOf,
    knownAt: plan.knownAt,
    histories: tables.histories,
    identity: tables.identity,
  });
  await withColumns(
    warehouse,
    {
      x: Uint32Array.from(distinct.x),
      tx_days: distinct.txDays,
      t_days: distinct.tDays,
      alive: model.probabilityAlive(distinct),
      risk,
    },
    (scores) =>
      warehouse.command(
        `INSERT INTO crm.customer_scores
           (run_id, customer_id, as_of, p_alive, churn_risk, churn_horizon_days, churn_band, signals)
         SELECT {run:String}, h.customer_id, {asOf:Date32}, s.alive, s.risk, {horizonDays:UInt16},
           multiIf(s.risk >= {high:Float64}, 'high', s.risk >= {medium:Float64}, 'medium', 'low'), noticed.signals
         FROM crm.{histories:Identifier} AS h
         INNER JOIN ${scores} AS s USING (x, tx_days, t_days)
         LEFT ANY JOIN crm.{signals:Identifier} AS noticed ON noticed.customer_id = h.customer_id`,
        {
          run: plan.modelRunId,
          asOf: plan.asOf,
          horizonDays,
          histories: tables.histories,
          signals,
          ...CHURN_BANDS,
        },
      ),
  );
  const { calibration, table, ...backtest } = tested;
  return completed(
    fit,
    tested.losesToBaseline && 'the calibrated risks are no better than the base rate in the backtest',
    {
      backtest: { split: past.split, days: past.days, ...backtest } as unknown as JsonObject,
      calibration: { ...calibration, table } as unknown as JsonObject,
      options: { currency, horizonDays, bands: { ...CHURN_BANDS } },
    },
  );
};

/** What would have been said at the split, and what came: one row per customer. */
const pastRisks = ({ model: name }: ModelRunPlan, past: HoldOut): [Float64Array, Float64Array] => {
  const model = purchaseModel(name, fitPurchaseModel(name, past).parameters);
  const risks = probabilityOfNoPurchase(model, past, past.length);
  return [
    repeated(risks, past.n),
    repeated(
      past.actual.map((purchases) => (purchases === 0 ? 1 : 0)),
      past.n,
    ),
  ];
};

const repeated = (values: Float64Array, times: Float64Array): Float64Array => {
  const result = new Float64Array(times.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (let i = 0; i < values.length; i++) {
    result.fill(values[i] as number, at, at + (times[i] as number));
    at += times[i] as number;
  }
  return result;
};
