import { describe, expect, it } from '@jest/globals';
import {
  DegenerateData,
  expectedSpend,
  fitBgNbd,
  fitGammaGamma,
  fitMbgNbd,
  fitParetoNbd,
  type GroupedHistoryRow,
  groupedHistories,
} from '#statistics/index';

describe.each([
  ['BG/NBD', fitBgNbd],
  ['MBG/NBD', fitMbgNbd],
  ['Pareto/NBD', fitParetoNbd],
] as const)('%s on degenerate data', (_, fitModel) => {
  it.each<[string, GroupedHistoryRow[]]>([
    ['no-customers', []],
    ['one-customer', [{ x: 3, tx: 5, T: 9, n: 1 }]],
    ['all-on-one-day', [{ x: 0, tx: 0, T: 0, n: 500 }]],
    [
      'no-repeat-purchases',
      [
        { x: 0, tx: 0, T: 10, n: 500 },
        { x: 0, tx: 0, T: 20, n: 500 },
      ],
    ],
    ['no-variation', [{ x: 2, tx: 4, T: 10, n: 500 }]],
  ])('says %s', (code, rows) => {
    let error: unknown;
    try {
      fitModel(groupedHistories(rows));
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DegenerateData);
    expect(error).toMatchObject({ code, message: expect.stringMatching(/^[A-Z].{20,}\.$/) });
  });
  it('finds the limit where customers do not differ in dropout, and says that the data do not tell more', () => {
    // Everybody bought up to the end: nobody can be seen to have dropped out.
    const { convergence, parameters, logLikelihood, standardErrors } = fitModel(
      groupedHistories([
        { x: 1, tx: 10, T: 10, n: 3 },
        { x: 2, tx: 10, T: 10, n: 2 },
        { x: 9, tx: 10, T: 10, n: 2 },
      ]),
    );
    expect(convergence.converged).toBe(true);
    expect(standardErrors).toBeNull();
    for (const value of [logLikelihood, ...Object.values(parameters)])
      expect(Number.isFinite(value)).toBe(true);
  });
  it('refuses impossible rows', () => {
    expect(() => fitModel(groupedHistories([{ x: 1, tx: 10, T: 5, n: 3 }]))).toThrow(
      expect.objectContaining({ code: 'impossible-history' }),
    );
    expect(() => fitModel(groupedHistories([{ x: 1, tx: 1, T: 5, n: 0 }]))).toThrow(
      expect.objectContaining({ code: 'impossible-history' }),
    );
  });
});

describe('Gamma-Gamma on degenerate data', () => {
  it.each([
    ['no-repeat-purchases', [], []],
    ['no-repeat-purchases', [0, 0, 3], [0, 5, 0]],
    ['one-customer', [0, 2], [0, 12]],
    ['no-variation', [1, 2, 5], [10, 10, 10]],
  ])('says %s', (code, x, meanSpend) => {
    expect(() => fitGammaGamma({ x: Float64Array.from(x), meanSpend: Float64Array.from(meanSpend) })).toThrow(
      expect.objectContaining({ code, name: 'DegenerateData' }),
    );
  });
  it('leaves out customers whose returns outweigh their purchases', () => {
    const x = Float64Array.from([1, 2, 3, 4, 1]);
    const meanSpend = Float64Array.from([10, 20, 15, 12, -5]);
    expect(fitGammaGamma({ x, meanSpend }).customers).toBe(4);
  });
  it('expects no value where the mean does not exist', () => {
    const rows = { x: Float64Array.from([1]), meanSpend: Float64Array.from([10]) };
    expect(() => expectedSpend({ p: 2, q: 0.9, gamma: 3 }, rows)).toThrow(
      expect.objectContaining({ code: 'mean-spend-does-not-exist' }),
    );
  });
});
