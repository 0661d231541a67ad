import type { JsonObject } from '#crm/model-run/model-run-types';
import {
  backtest,
  discountedPurchases,
  expectedFuturePurchases,
  expectedSpend,
  fitGammaGamma,
  fitPurchaseModel,
  type GammaGammaFit,
  monthlySchedule,
  ownRateBaseline,
  predictiveMultiples,
  purchaseModel,
} from '#statistics/index';
import { type Column, withColumns } from '#warehouse/columns';
import { completed } from './fitted-result.js';
import { type HoldOut, holdOut } from './hold-out.js';
import type { ModelRunPlan, ModelRunResult } from './model-run.js';
import { type PurchaseTables, purchaseHistories, readDistinct, readSpends } from './purchase-histories.js';
import type { Scratch } from './scratch.js';

/** Of the predictive interval: what a customer will really be worth lies in it with this probability. */
const INTERVAL_LEVEL = 0.9;

const NOBODY = { x: new Float64Array(0), meanSpend: new Float64Array(0) };

/** The hold-out of the backtest: a third of the observed time, a year at most. */
const MOST_HOLD_OUT_DAYS = 365;

/**
 * Customer lifetime value of every customer: expected purchases by a model of repeat buying, times expected spend by
 * Gamma-Gamma, discounted month by month over the horizon. The models are fitted on distinct histories; what a score
 * needs of a single customer beyond these, the mean spend, enters in ClickHouse.
 */
export const clvRun = async (scratch: Scratch, plan: ModelRunPlan): Promise<ModelRunResult> => {
  const { warehouse } = scratch;
  const { timeUnit, currency, months, discountPerMonth, model: name } = plan;
  const tables = await purchaseHistories(scratch, plan, currency);
  const distinct = await readDistinct(warehouse, tables.histories, timeUnit);
  const fit = fitPurchaseModel(name, distinct);
  const spend = fitGammaGamma(await readSpends(warehouse, tables.histories));
  expectedSpend(spend.parameters, NOBODY); // refuses spends whose mean does not exist: ClickHouse would not
  const observed = distinct.tDays.reduce((most, days) => Math.max(most, days), 0);
  const days = Math.max(1, Math.min(MOST_HOLD_OUT_DAYS, Math.floor(observed / 3)));
  const past = await holdOut(scratch, tables, plan, currency, timeUnit, days);
  const tested = backtestPurchases(plan, past);
  const schedule = monthlySchedule(months, timeUnit, discountPerMonth);
  const model = purchaseModel(name, fit.parameters);
  const horizon = schedule.steps * schedule.stepLength;
  const { low, high } = predictiveMultiples(model, spend.parameters, distinct, schedule, INTERVAL_LEVEL);
  await writeScores(scratch, plan, tables, spend, {
    x: Uint32Array.from(distinct.x),
    tx_days: distinct.txDays,
    t_days: distinct.tDays,
    alive: model.probabilityAlive(distinct),
    expected: expectedFuturePurchases(model, distinct, horizon),
    discounted: discountedPurchases(model, distinct, schedule),
    low,
    high,
  });
  return completed(
    fit,
    tested.losesToBaseline && 'it forecasts no better than each customer’s own past rate',
    {
      monetary: monetary(spend),
      backtest: { split: past.split, days: past.days, ...tested } as unknown as JsonObject,
      options: {
        currency,
        value: tables.value,
        months,
        discountPerMonth,
        monthLength: schedule.stepLength,
        intervalLevel: INTERVAL_LEVEL,
      },
    },
  );
};

/** Would the same model, one hold-out earlier, have forecast better than everybody's own rate so far? */
const backtestPurchases = ({ model: name }: ModelRunPlan, past: HoldOut) => {
  const model = purchaseModel(name, fitPurchaseModel(name, past).parameters);
  return backtest({
    actual: past.actual,
    model: expectedFuturePurchases(model, past, past.length),
    baseline: ownRateBaseline(past, past.length),
    n: past.n,
  });
};

const monetary = ({ model, customers, parameters, standardErrors, logLikelihood }: GammaGammaFit) => ({
  model,
  customers,
  parameters,
  standardErrors: standardErrors ?? {},
  logLikelihood,
});

/** Expected spend is that of `expectedSpend` in libs/statistics, one row per customer: see its docstring. */
const writeScores = (
  { warehouse }: Scratch,
  { modelRunId, asOf, currency }: ModelRunPlan,
  { histories }: PurchaseTables,
  { parameters: { p, q, gamma } }: GammaGammaFit,
  columns: Readonly<Record<string, Column>>,
): Promise<void> =>
  withColumns(warehouse, columns, (scores) =>
    warehouse.command(
      `INSERT INTO crm.customer_scores
         (run_id, customer_id, as_of, clv, clv_low, clv_high, clv_currency, expected_purchases, expected_spend,
          p_alive)
       SELECT {run:String}, h.customer_id, {asOf:Date32}, s.discounted * h.spent / h.weight, s.low * h.spent, s.high * h.spent,
         {currency:String}, s.expected, h.spent / h.weight, s.alive
       FROM
       (
         SELECT customer_id, x, tx_days, t_days, {gamma:Float64} + x * greatest(mean_spend, 0) AS spent,
           ({p:Float64} * x + {q:Float64} - 1) / {p:Float64} AS weight
         FROM crm.{histories:Identifier}
       ) AS h
       INNER JOIN ${scores} AS s USING (x, tx_days, t_days)`,
      { run: modelRunId, asOf, currency, p, q, gamma, histories },
    ),
  );
