import { describe, expect, it } from '@jest/globals';
import {
  backtest,
  backtestChurn,
  bgNbd,
  calibrated,
  calibrationTable,
  churnBand,
  expectedFuturePurchases,
  fitBgNbd,
  fitCalibration,
  fitMbgNbd,
  grouped,
  histories,
  mbgNbd,
  ownRateBaseline,
  probabilityOfNoPurchase,
  randomFrom,
  scoreProbabilities,
} from '#statistics/index';
import { cdnowCustomers } from '#test/support/cdnow';

const customers = cdnowCustomers();
const rows = histories(customers);
const churned = Float64Array.from(customers, ({ holdOut }) => Number(holdOut === 0));

describe('churn risk on CDNOW, 39 weeks', () => {
  const model = bgNbd(fitBgNbd(grouped(rows)).parameters);
  const result = backtestChurn(probabilityOfNoPurchase(model, rows, 39), churned, 1);
  it('beats the base rate, and calibration improves it', () => {
    expect(result.losesToBaseline).toBe(false);
    expect(result.calibrated.brier).toBeLessThan(result.baseline.brier * 0.8);
    expect(result.calibrated.brier).toBeLessThanOrEqual(result.model.brier + 1e-3);
    expect(result.calibrated.auc).toBeGreaterThan(0.75);
    expect(result.baseline.auc).toBe(0.5);
  });
  it('is calibrated: of every tenth, as many stay away as was predicted, give or take ten in a hundred', () => {
    expect(result.table.length).toBeGreaterThanOrEqual(8);
    expect(result.table.reduce((sum, { n }) => sum + n, 0)).toBe(2357);
    for (const { meanPredicted, observed, observedInterval } of result.table) {
      expect(Math.abs(meanPredicted - observed)).toBeLessThan(0.1);
      expect(observedInterval.low).toBeLessThan(observed);
      expect(observedInterval.high).toBeGreaterThan(observed);
    }
  });
  it('sees what 1 − P(alive) does not: customers without a repeat purchase', () => {
    const once = customers.findIndex(({ x, T }) => x === 0 && T > 38);
    expect(model.probabilityAlive(rows)[once]).toBe(1);
    const risk = calibrated(result.calibration, probabilityOfNoPurchase(model, rows, 39))[once]!;
    expect(risk).toBeGreaterThan(0.8);
    expect(churnBand(risk)).toBe('high');
  });
});

describe('backtest on CDNOW', () => {
  const actual = Float64Array.from(customers, ({ holdOut }) => holdOut);
  it.each([
    ['BG/NBD', bgNbd(fitBgNbd(grouped(rows)).parameters)],
    ['MBG/NBD', mbgNbd(fitMbgNbd(grouped(rows)).parameters)],
  ])('%s beats everyone going on at their own rate', (_, model) => {
    const forecast = expectedFuturePurchases(model, rows, 39);
    const result = backtest({ actual, model: forecast, baseline: ownRateBaseline(rows, 39) });
    expect(result).toMatchObject({ customers: 2357, actual: 1882, losesToBaseline: false });
    expect(result.model.rmse).toBeLessThan(result.baseline.rmse);
    expect(Math.abs(result.model.totalError!)).toBeLessThan(Math.abs(result.baseline.totalError!));
    expect(result.model.total / 1882 - 1).toBeCloseTo(result.model.totalError!, 12);
  });
  it('flags a model that is no better', () => {
    const baseline = ownRateBaseline(rows, 39);
    expect(backtest({ actual, model: baseline, baseline }).losesToBaseline).toBe(true);
  });
  it('takes rows that stand for several customers', () => {
    const columns = {
      actual: Float64Array.of(1, 3),
      model: Float64Array.of(2, 2),
      baseline: Float64Array.of(1, 0),
    };
    const result = backtest({ ...columns, n: Float64Array.of(3, 1) });
    expect(result).toMatchObject({ customers: 4, actual: 6, model: { mae: 1, rmse: 1, total: 8 } });
    expect(result.baseline.rmse).toBeCloseTo(1.5, 12);
  });
});

describe('fitCalibration', () => {
  const random = randomFrom(3);
  const predicted = Float64Array.from({ length: 20_000 }, () => random.uniform());
  const occurs = (truth: (p: number) => number) => predicted.map((p) => Number(random.uniform() < truth(p)));
  it('leaves right predictions alone', () => {
    const { intercept, slope } = fitCalibration(
      predicted,
      occurs((p) => p),
    );
    expect(intercept).toBeCloseTo(0, 1);
    expect(slope).toBeCloseTo(1, 1);
  });
  it('corrects predictions that are too extreme', () => {
    const outcomes = occurs((p) => 1 / (1 + Math.exp(-(0.3 + 0.5 * Math.log(p / (1 - p))))));
    const { intercept, slope } = fitCalibration(predicted, outcomes);
    expect(intercept).toBeCloseTo(0.3, 1);
    expect(slope).toBeCloseTo(0.5, 1);
  });
  it('gives everyone the base rate when predictions are upside down', () => {
    const outcomes = occurs((p) => 1 - p);
    const calibration = fitCalibration(predicted, outcomes);
    expect(calibration.slope).toBe(0);
    expect(calibrated(calibration, predicted)[0]).toBeCloseTo(0.5, 1);
  });
  it('stays finite when predictions separate the outcomes, and on predictions that are all the same', () => {
    const separated = fitCalibration(Float64Array.of(0, 0.2, 0.8, 1), Float64Array.of(0, 0, 1, 1));
    expect(Object.values(separated).every(Number.isFinite)).toBe(true);
    const level = fitCalibration(
      new Float64Array(10).fill(0.3),
      Float64Array.from({ length: 10 }, (_, i) => i % 2),
    );
    expect(calibrated(level, Float64Array.of(0.3))[0]).toBeCloseTo(0.5, 6);
  });
  it('says when there is one outcome only', () => {
    expect(() => fitCalibration(Float64Array.of(0.1, 0.2), Float64Array.of(1, 1))).toThrow(
      expect.objectContaining({ code: 'one-outcome-only' }),
    );
  });
  it('refuses what is no probability or no outcome', () => {
    expect(() => fitCalibration(Float64Array.of(1.2), Float64Array.of(1))).toThrow(
      expect.objectContaining({ code: 'impossible-outcome' }),
    );
    expect(() => fitCalibration(Float64Array.of(0.2), Float64Array.of(2))).toThrow(
      expect.objectContaining({ code: 'impossible-outcome' }),
    );
  });
});

describe('scoreProbabilities', () => {
  it('gives Brier score, log loss and AUC', () => {
    const scores = scoreProbabilities(Float64Array.of(0.1, 0.4, 0.35, 0.8), Float64Array.of(0, 0, 1, 1));
    expect(scores.brier).toBeCloseTo((0.01 + 0.16 + 0.4225 + 0.04) / 4, 12);
    expect(scores.logLoss).toBeCloseTo(
      -(Math.log(0.9) + Math.log(0.6) + Math.log(0.35) + Math.log(0.8)) / 4,
      12,
    );
    expect(scores.auc).toBe(0.75);
  });
  it('counts ties half, and has no AUC of one outcome', () => {
    expect(scoreProbabilities(Float64Array.of(0.5, 0.5), Float64Array.of(0, 1)).auc).toBe(0.5);
    expect(scoreProbabilities(Float64Array.of(0.5, 0.5), Float64Array.of(1, 1)).auc).toBeNull();
  });
});

describe('calibrationTable', () => {
  it('keeps equal predictions together', () => {
    const predicted = Float64Array.from({ length: 100 }, (_, i) => (i < 70 ? 0.2 : 0.9));
    const outcomes = Float64Array.from({ length: 100 }, (_, i) => Number(i % 5 === 0));
    expect(calibrationTable(predicted, outcomes)).toMatchObject([
      { n: 70, meanPredicted: expect.closeTo(0.2, 12), observed: 0.2 },
      { n: 30, meanPredicted: expect.closeTo(0.9, 12), observed: 0.2 },
    ]);
  });
});

describe('churnBand', () => {
  it.each([
    [0, 'low'],
    [0.499, 'low'],
    [0.5, 'medium'],
    [0.8, 'high'],
    [1, 'high'],
  ])('%d is %s', (probability, band) => {
    expect(churnBand(probability)).toBe(band);
  });
});
