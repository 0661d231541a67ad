import { describe, expect, it } from '@jest/globals';
import { type ArmOutcomes, analyseArms, randomFrom } from '#statistics/index';
import { gamma } from '#statistics/random';

const arm = (
  name: string,
  n: number,
  converted: number,
  mean: number,
  more: Partial<ArmOutcomes> = {},
): ArmOutcomes => {
  const random = randomFrom(n + converted);
  return {
    arm: name,
    share: n,
    n,
    converted,
    values: Float64Array.from({ length: converted }, () => gamma(random, 4, 4 / mean)),
    ...more,
  };
};

describe('analyseArms', () => {
  const options = { control: 'control', seed: 1 };
  it('reports effect, money gained, return on cost and cost per conversion', () => {
    const arms = [arm('control', 2_000, 150, 40), arm('mail', 8_000, 900, 40, { cost: 5_000 })];
    const { comparisons, arms: summaries, sampleRatio } = analyseArms(arms, options);
    const [mail] = comparisons;
    const difference = summaries[1]!.moneyPerCustomer - summaries[0]!.moneyPerCustomer;
    expect(mail!.money.difference).toBeCloseTo(difference, 12);
    expect(mail!.money).toMatchObject({ significant: true, pValue: 1e-4, adjustedPValue: 1e-4 });
    expect(mail!.incrementalMoney).toBeCloseTo(difference * 8_000, 8);
    expect(mail!.incrementalConversions).toBeCloseTo(900 - 600, 8);
    expect(mail!.roi).toBeCloseTo((difference * 8_000 - 5_000) / 5_000, 8);
    expect(mail!.roiInterval).toMatchObject({ low: expect.any(Number), high: expect.any(Number) });
    expect(mail!.costPerIncrementalConversion).toBeCloseTo(5_000 / 300, 8);
    expect(sampleRatio).toMatchObject({ pValue: 1, alarm: false });
  });
  it('gives no interval by normal theory below 100 conversions in either arm', () => {
    const arms = [arm('control', 1_000, 99, 40), arm('mail', 9_000, 1_200, 40, { cost: 10 })];
    const [mail] = analyseArms(arms, options).comparisons;
    expect(mail).toMatchObject({
      money: { interval: 'too-few', welchInterval: 'too-few', standardError: 'too-few' },
      incrementalMoneyInterval: 'too-few',
      roiInterval: 'too-few',
      conversion: { interval: { low: expect.any(Number) } },
    });
    expect(mail!.money.pValue).toBeLessThan(0.05);
  });
  it('gives no interval of a rate below ten events', () => {
    const arms = [arm('control', 1_000, 9, 40), arm('mail', 9_000, 100, 40)];
    const [mail] = analyseArms(arms, options).comparisons;
    expect(mail!.conversion.interval).toBe('too-few');
    expect(mail).toMatchObject({
      cost: null,
      roi: null,
      roiInterval: null,
      costPerIncrementalConversion: null,
    });
  });
  it('adjusts for the number of arms', () => {
    const arms = [
      arm('control', 3_000, 120, 40),
      arm('a', 3_000, 150, 40),
      arm('b', 3_000, 152, 40),
      arm('c', 3_000, 151, 40),
    ];
    for (const { money, conversion } of analyseArms(arms, options).comparisons) {
      expect(money.adjustedPValue).toBeGreaterThanOrEqual(money.pValue);
      expect(conversion.adjustedPValue).toBeGreaterThanOrEqual(conversion.pValue);
      expect(money.significant).toBe(money.adjustedPValue < 0.05);
    }
  });
  it('survives arms in which nothing happened', () => {
    const { comparisons } = analyseArms([arm('control', 500, 0, 1), arm('mail', 500, 0, 1)], options);
    expect(comparisons[0]).toMatchObject({
      money: { difference: 0, relative: null, pValue: 1 },
      conversion: { difference: 0, relative: null, pValue: 1 },
    });
  });
  it('takes money below zero: more returned than bought', () => {
    const arms = [arm('control', 500, 2, 1, { values: Float64Array.of(-20, 5) }), arm('mail', 500, 1, 9)];
    expect(analyseArms(arms, options).arms[0]).toMatchObject({ money: -15, converted: 2 });
  });
  it('alarms when arms do not have their planned sizes', () => {
    const arms = [arm('control', 1_300, 10, 40, { share: 0.1 }), arm('mail', 8_700, 100, 40, { share: 0.9 })];
    expect(analyseArms(arms, options).sampleRatio.alarm).toBe(true);
  });
  it.each<[string, ArmOutcomes[]]>([
    ['impossible-argument', [arm('mail', 100, 1, 1), arm('other', 100, 1, 1)]],
    ['impossible-argument', [arm('control', 100, 1, 1)]],
    ['impossible-argument', [arm('control', 100, 1, 1), arm('mail', 90, 1, 1), arm('mail', 100, 1, 1)]],
    ['impossible-argument', [arm('control', 100, 1, 1), arm('mail', 100, 1, 1, { cost: -1 })]],
    ['impossible-outcome', [arm('control', 100, 1, 1), arm('mail', 100, 1, 1, { converted: 101 })]],
    ['impossible-outcome', [arm('control', 100, 1, 1, { counts: { visit: 2 } }), arm('mail', 100, 1, 1)]],
    ['empty-arm', [arm('control', 100, 1, 1), arm('mail', 1, 1, 1)]],
  ])('says %s', (code, arms) => {
    expect(() => analyseArms(arms, options)).toThrow(expect.objectContaining({ code }));
  });
});
